// The token of a page that stayed open, which a server that was started anew no longer knows.

/** Ask for the page once more, and take the token that it has now. */
export async function renewToken() {
  const reply = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  const page = new DOMParser().parseFromString((await reply?.text()) ?? "", "text/html");
  const { value } = page.querySelector("[name=csrf_token]") ?? { value: "" };
  for (const input of document.getElementsByName("csrf_token")) input.value = value;
}
