// Which of the page's views is shown. The address names it, so that Back and bookmarks work.

const VIEWS = ["create", "history", "cluster"];

let onShow = {};
let shown = null;

/** @param actions by the name of a view, called when it appears */
export function startViews(actions) {
  onShow = actions;
  // A base element must not turn the links into other pages.
  document.querySelector("nav").addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.hash.slice(1));
  });
  addEventListener("hashchange", show);
  show();
}

/** Shows a view now: what comes next may need its fields. */
export function go(view) {
  location.hash = view;
  show();
}

function show() {
  const name = VIEWS.find((view) => `#${view}` === location.hash) ?? VIEWS[0];
  if (name === shown) return;
  shown = name;
  for (const view of VIEWS) {
    viewOf(view).hidden = view !== name;
    const link = document.querySelector(`nav a[href="#${view}"]`);
    if (view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  onShow[name]?.();
}

const viewOf = (name) => document.getElementById(`${name}View`);

export const isShown = (name) => !viewOf(name).hidden;
