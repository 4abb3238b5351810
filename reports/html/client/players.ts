import { button, element } from './dom.ts';
import { TABLE_WORDS } from './words.ts';

/** Length of a step, s: one frame at 25 fps; browsers do not tell the rate of a film. */
const STEP_S = 0.04;

/** Seconds that two films may be apart while they play; a step of one frame is less. */
const DRIFT_S = 0.08;

/** Buttons over the films of a clip: all play, stop and jump together, and the times of its findings are a click away. */
export function startPlayers(): void {
  const place = document.querySelector('.players');
  if (place === null) return;
  const films = [...place.querySelectorAll('video')];
  for (const film of films) film.addEventListener('error', () => confess(film));
  // A film may have failed before this script ran.
  for (const film of films) if (film.error !== null) confess(film);
  const [lead, ...others] = films;
  if (lead === undefined) return;
  const all = (act: (film: HTMLVideoElement) => void): void => films.forEach(act);
  const seek = (time_s: number): void => all((film) => (film.currentTime = Math.max(0, time_s)));
  const toggle = button(TABLE_WORDS.play, () => {
    if (lead.paused) all((film) => void film.play().catch(() => confess(film)));
    else all((film) => film.pause());
  });
  lead.addEventListener('play', () => (toggle.textContent = TABLE_WORDS.pause));
  lead.addEventListener('pause', () => (toggle.textContent = TABLE_WORDS.play));
  const step = (by_s: number): void => {
    all((film) => film.pause());
    seek(lead.currentTime + by_s);
  };
  const tools = element(
    'p',
    { class: 'tools film-tools' },
    toggle,
    button(TABLE_WORDS.frameBack, () => step(-STEP_S)),
    button(TABLE_WORDS.frameOn, () => step(STEP_S)),
  );
  place.before(tools);
  for (const item of document.querySelectorAll<HTMLElement>('.seeks > li')) {
    const time_s = Number(item.dataset['seek']);
    tools.append(button(item.textContent, () => seek(time_s)));
  }
  document.querySelector('.seeks')?.remove();
  const follow = (): void => {
    for (const film of others)
      if (Math.abs(film.currentTime - lead.currentTime) > DRIFT_S)
        film.currentTime = lead.currentTime;
  };
  for (const event of ['seeked', 'timeupdate', 'play']) lead.addEventListener(event, follow);
  lead.addEventListener('play', () => others.forEach((film) => void film.play().catch(() => {})));
  lead.addEventListener('pause', () => others.forEach((film) => film.pause()));
}

/** Says that a film cannot be played, where it would have stood. */
function confess(film: HTMLVideoElement): void {
  const words = film.parentElement?.querySelector<HTMLElement>('.no-medium');
  film.hidden = true;
  if (words !== null && words !== undefined) words.hidden = false;
}
