// The address of something on the server. It has no name and password, even if the page's own address has them: fetch() refuses such
// addresses, and the browser sends them by itself.
export function serverUrl(path) {
  const url = new URL(path, document.baseURI);
  url.username = "";
  url.password = "";
  return url;
}
