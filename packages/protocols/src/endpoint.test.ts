import { describe, expect, test } from 'vitest';
import { endpointOf, withoutIds } from './endpoint.ts';

describe('endpointOf', () => {
  test.each([
    ['/', '/'],
    ['', ''],
    ['*', '*'],
    ['/orders', '/orders'],
    ['/orders/7', '/orders/{id}'],
    ['/orders/7/', '/orders/{id}/'],
    ['/orders/007/items/12', '/orders/{id}/items/{id}'],
    ['/api/v1/users', '/api/v1/users'],
    ['/api/v2beta1/users', '/api/v2beta1/users'],
    ['/users/550e8400-e29b-41d4-a716-446655440000', '/users/{id}'],
    ['/users/550E8400-E29B-41D4-A716-446655440000/photo', '/users/{id}/photo'],
    ['/objects/507f1f77bcf86cd799439011', '/objects/{id}'],
    ['/commits/da39a3ee5e6b4b0d3255bfef95601890afd80709', '/commits/{id}'],
    ['/short/a1b2c3d4', '/short/{id}'],
    ['/hex/deadbeef', '/hex/deadbeef'],
    ['/hex/1a', '/hex/1a'],
    ['/decade', '/decade'],
    ['/t/dGhpcyBpcyBhIHRlc3Q0', '/t/{id}'],
    ['/t/4eC39HqLyjWDarjtT1zdp7dc', '/t/{id}'],
    ['/t/x7Kp_9-qLm2Zt4Rv', '/t/{id}'],
    ['/list-of-all-orders-v2', '/list-of-all-orders-v2'],
    ['/internationalization', '/internationalization'],
    ['/oauth2-authorization-server', '/oauth2-authorization-server'],
    ['/.well-known/openid-configuration', '/.well-known/openid-configuration'],
    ['/report/2024-01-05', '/report/{id}'],
    ['/img/logo.png', '/img/logo.png'],
    ['//7', '//{id}'],
    ['7', '{id}'],
  ])('%s → %s', (path, endpoint) => {
    expect(endpointOf(path)).toBe(endpoint);
  });

  test('is bounded', () => {
    expect(endpointOf(`/${'a'.repeat(5000)}`)).toHaveLength(256);
    expect(endpointOf('/7'.repeat(5000)).length).toBeLessThanOrEqual(256);
  });
});

describe('withoutIds', () => {
  test.each([
    ['orders', 'orders'],
    ['user:42:events', 'user:{id}:events'],
    ['a.b.550e8400-e29b-41d4-a716-446655440000', 'a.b.{id}'],
    ['', ''],
    ['7', '{id}'],
    ['news.*', 'news.*'],
  ])('%s → %s', (text, expected) => {
    expect(withoutIds(text)).toBe(expected);
  });
});
