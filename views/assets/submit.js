// @ts-check
/** Sends the one form of the page that brings an answer back to the service. */
const form = document.querySelector('form[data-submit]');
if (form instanceof HTMLFormElement) form.submit();
