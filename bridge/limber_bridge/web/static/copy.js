// Copies the address that a sensor sends to. Without this script the field can be selected as usual.

const button = document.querySelector("[data-copy]");

function copy(field) {
  field.select();
  // Only pages over HTTPS and on this machine may use the clipboard itself.
  if (navigator.clipboard) return navigator.clipboard.writeText(field.value);
  return document.execCommand("copy") ? Promise.resolve() : Promise.reject();
}

if (button !== null) {
  const field = document.getElementById(button.dataset.copy);
  const status = document.querySelector("[data-copy-status]");
  const say = (text) => () => {
    status.textContent = text;
  };
  button.hidden = false;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", () => copy(field).then(say(field.dataset.copied), say("")));
}
