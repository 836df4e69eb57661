// The theme listens to the search box only once the index has come. Words typed before that are looked for then.
if (typeof searchWorker !== "undefined") {
  searchWorker.addEventListener("message", ({ data }) => {
    if (data.allowSearch) doSearch();
  });
}
