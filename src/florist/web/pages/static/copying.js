// Copies the address of the page. Browsers allow it over TLS and on this machine only.

const button = document.getElementById("copy");

if (navigator.clipboard) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
  });
}
