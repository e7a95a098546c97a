// Adds a button to each text worth copying, and completes the command of the same-phone link. The page is whole without it.

for (const element of document.querySelectorAll('[data-link]')) {
  const opened = location.search !== '' || location.hash !== '' || location.pathname !== '/';
  if (opened) {
    element.textContent = element.textContent.replace(element.dataset.link, location.href);
    document.querySelector('[data-needs-fragment]')?.removeAttribute('data-needs-fragment');
  } else document.querySelector('.not-opened')?.removeAttribute('hidden');
}

for (const element of document.querySelectorAll('code.copy')) {
  const button = document.createElement('button');
  const { copy, copied } = element.dataset;
  button.type = 'button';
  button.className = 'copy-button';
  button.textContent = copy;
  button.setAttribute('aria-label', `${copy} ${element.textContent}`);
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(element.textContent);
    button.textContent = copied;
    setTimeout(() => (button.textContent = copy), 2000);
  });
  element.insertAdjacentElement('afterend', button);
  element.insertAdjacentText('afterend', ' ');
}
