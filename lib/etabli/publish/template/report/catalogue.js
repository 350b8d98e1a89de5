// Search and filter in the page itself: nothing is fetched, nothing is kept. Without it, all reports stand.
(function () {
  const form = document.querySelector(".filter"), told = form.querySelector("[role=status]");
  const plain = text => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[\u2019']/g, " ").toLowerCase();
  const reports = [...document.querySelectorAll(".one")].map(one => ({
    one, row: one.closest("tr"), study: one.closest("section"),
    text: plain(one.closest("section").querySelector("h2").textContent + " " + one.textContent + " "
      + [...one.closest("tr").children].slice(0, 2).map(cell => cell.textContent).join(" ")),
  }));
  function show() {
    const words = plain(form.elements.mots.value).split(/\s+/).filter(Boolean);
    const kept = reports.filter(({ one, text }) => words.every(word => text.includes(word))
      && (!form.elements.lecteurs.value || one.dataset.audience === form.elements.lecteurs.value)
      && (!form.elements.etat.value || one.dataset.state.split(" ").includes(form.elements.etat.value)));
    const here = { one: new Set(), row: new Set(), study: new Set() };
    kept.forEach(each => Object.keys(here).forEach(key => here[key].add(each[key])));
    reports.forEach(each => Object.keys(here).forEach(key => { each[key].hidden = !here[key].has(each[key]); }));
    told.textContent = kept.length + (kept.length > 1 ? " rapports" : " rapport") + " sur " + reports.length;
  }
  form.addEventListener("input", show);
  form.addEventListener("submit", event => event.preventDefault());
  form.hidden = false;
  show();
})();
