import { useId, useState } from 'react';
import { tokenOf } from '../api/token';
import { t } from '../i18n';
import { Button } from '../widgets/button';
import { TextField } from '../widgets/fields';

interface TokenGateProps {
  /** The server has refused a token; otherwise the page had none. */
  readonly isTokenWrong: boolean;
  readonly onToken: (token: string) => void;
}

/** Instead of everything else while the server does not accept the page, as after opening an address that was copied. */
export function TokenGate({ isTokenWrong, onToken }: TokenGateProps) {
  const [text, setText] = useState('');
  const problemId = useId();
  const token = tokenOf(text);
  return (
    <main className="app-gate">
      <form
        className="app-gate-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (token !== '') onToken(token);
        }}
      >
        <h1>{t('app.token.title')}</h1>
        <p>{t('app.token.text')}</p>
        <TextField
          type="password"
          label={t('app.token.label')}
          value={text}
          autoFocus
          onChange={(event) => setText(event.target.value)}
          problem={
            isTokenWrong ? (
              <span id={problemId} className="field-problem" role="alert">
                {t('app.token.wrong')}
              </span>
            ) : null
          }
          problemId={problemId}
        />
        <div>
          <Button type="submit" tone="primary" disabled={token === ''}>
            {t('app.token.open')}
          </Button>
        </div>
      </form>
    </main>
  );
}
