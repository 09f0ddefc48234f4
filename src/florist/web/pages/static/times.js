// Times are written in UTC by the server; here they become the reader's own.

import { locale } from "./text.js";

const own = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });

for (const time of document.querySelectorAll("time[datetime]")) {
  time.textContent = own.format(new Date(time.dateTime));
}
