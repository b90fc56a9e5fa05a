// In a tab of the console a page has no bar of its own: decided before the first painting.
if (window.parent !== window) document.documentElement.dataset.framed = "";
