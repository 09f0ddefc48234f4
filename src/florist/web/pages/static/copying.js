// Copies the address of the answer, without where in the history it was found. Browsers allow it over TLS and on this machine only.

const button = document.getElementById("copy");

if (navigator.clipboard) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.origin + location.pathname);
    button.textContent = "Copied";
  });
}
