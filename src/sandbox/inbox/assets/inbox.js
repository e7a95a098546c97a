/** The inbox's live update: when something arrives, the list is fetched again; what is being read stays. */

const list = document.getElementById('list');
const news = document.getElementById('news');

document.querySelector('.refresh')?.setAttribute('hidden', '');

const refresh = async () => {
  const selected = /^\/messages\/([\w-]+)/.exec(location.pathname)?.[1] ?? '';
  const answer = await fetch(`/list?selected=${selected}`, { headers: { Accept: 'text/html' } });
  if (!answer.ok || !list) return;
  const before = list.querySelectorAll('li').length;
  const focused = list.contains(document.activeElement) ? document.activeElement?.getAttribute('href') : null;
  list.innerHTML = await answer.text();
  if (focused) list.querySelector(`a[href="${focused}"]`)?.focus();
  if (news && list.querySelectorAll('li').length > before) {
    news.textContent = '';
    requestAnimationFrame(() => (news.textContent = news.dataset.arrived ?? ''));
  }
};

const events = new EventSource('/events');
events.addEventListener('change', () => void refresh());
// After an interruption something may have been missed.
events.addEventListener('open', () => void refresh());
