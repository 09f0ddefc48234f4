// While the model is being loaded: look every two seconds whether it is there. What was chosen stays.

const lead = document.querySelector("[data-loading]");

const timer = setInterval(async () => {
  const reply = await fetch(location.pathname, { headers: { Accept: "text/html" } }).catch(() => null);
  const page = new DOMParser().parseFromString((await reply?.text()) ?? "", "text/html");
  const there = page.querySelector("main .lead:not([data-loading])");
  if (there) {
    clearInterval(timer);
    lead.replaceWith(there);
    document.getElementById("form").dataset.side = page.getElementById("form").dataset.side;
  }
}, 2000);
