import { useQueryClient } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { hasToken, keepToken } from './api/client.ts';

/** Asks for the server's token; it is kept for this tab. */
export function TokenForm() {
  const client = useQueryClient();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get('token');
    if (typeof token !== 'string' || token === '') return;
    keepToken(token.trim());
    void client.invalidateQueries();
  };
  return (
    <form className="token-form" onSubmit={submit}>
      <h1 className="for-readers">Weft</h1>
      <label htmlFor="token">This server answers only to those who have its token.</label>
      {hasToken() && <p role="alert">That token was not accepted.</p>}
      <input id="token" name="token" type="password" className="field" autoComplete="off" />
      <button type="submit" className="button">
        Continue
      </button>
    </form>
  );
}
