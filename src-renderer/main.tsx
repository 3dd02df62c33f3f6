import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { defined } from '../src-shared/base/assert';
import { connect } from './api/connect';
import { App } from './app/app';
import { startAddress } from './app/address-sync';
import { applyLook, bindApplication, followJobs } from './app/bind-application';
import './styles/base.css';

applyLook();
const connection = connect();
bindApplication(connection);
startAddress();
followJobs();
createRoot(defined(document.getElementById('root'), 'index.html has #root')).render(
  <StrictMode>
    <App onRetry={connection.retry} onToken={connection.giveToken} />
  </StrictMode>,
);
