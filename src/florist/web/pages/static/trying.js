// Sends a picture to the API of this very server, and shows what comes back.

const form = document.getElementById("try");
const answer = document.getElementById("answer");
const button = form.querySelector("button");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  try {
    const [chosen] = form.elements.image.files;
    const body = chosen ?? (await (await fetch(form.dataset.picture)).blob());
    const headers = { "Content-Type": body.type || "application/octet-stream" };
    if (form.elements.key?.value) headers.Authorization = `Bearer ${form.elements.key.value}`;
    const reply = await fetch(form.action, { method: "POST", headers, body });
    answer.textContent = JSON.stringify(await reply.json(), null, 2);
  } catch (error) {
    answer.textContent = String(error);
  }
  button.disabled = false;
});
