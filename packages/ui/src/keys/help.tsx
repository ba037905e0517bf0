import { Modal } from '../modal.tsx';
import { KEYMAP, type Scope } from './keymap.ts';

const TITLES: Readonly<Record<Scope, string>> = {
  everywhere: 'Everywhere',
  search: 'Search',
  trace: 'Trace',
};
const SCOPES: readonly (readonly Scope[])[] = [['everywhere', 'search'], ['trace']];
const SIGNS: Readonly<Record<string, string>> = {
  ArrowDown: '↓',
  ArrowUp: '↑',
  ArrowLeft: '←',
  ArrowRight: '→',
  PageDown: 'PgDn',
  PageUp: 'PgUp',
  Escape: 'Esc',
};

/** The table of keys. */
export function Help({ onClose }: { readonly onClose: () => void }) {
  return (
    <Modal title="Keys" onClose={onClose}>
      <div className="help-groups">
        {SCOPES.map((scopes) => (
          <div key={scopes[0]}>
            {scopes.map((scope) => (
              <HelpGroup key={scope} scope={scope} />
            ))}
          </div>
        ))}
      </div>
    </Modal>
  );
}

function HelpGroup({ scope }: { readonly scope: Scope }) {
  return (
    <section className="help-group">
      <h3>{TITLES[scope]}</h3>
      <ul>
        {KEYMAP.filter((binding) => binding.scope === scope).map(({ keys, command, does }) => (
          <li key={command}>
            <span>
              {keys.map((key) => (
                <kbd key={key}>{SIGNS[key] ?? key}</kbd>
              ))}
            </span>
            {does}
          </li>
        ))}
      </ul>
    </section>
  );
}
