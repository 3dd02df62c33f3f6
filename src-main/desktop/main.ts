/** Entry point of the desktop application. */
import { startDesktop } from './application';

startDesktop();
