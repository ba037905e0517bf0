/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#if defined(__TARGET_ARCH_x86)
#include "x86.h"
#else
#error "no arch/ file for this machine yet"
#endif
