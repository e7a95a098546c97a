// Adds a button to each text worth copying. The page is whole without it.

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
