// Draws the charts of usage with uPlot from the figures that the page carries, in the colours of the page and the numbers
// of its language. The drawing of the server and the table stay for who cannot see it.
"use strict";
(() => {
  const language = document.documentElement.lang;
  const whole = new Intl.NumberFormat(language);
  const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const moment = (options) => {
    const format = new Intl.DateTimeFormat(language, { timeZone: "UTC", ...options });
    return (seconds) => format.format(new Date(seconds * 1000));
  };
  const DAY = { month: "numeric", day: "numeric" };
  const HOUR = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const periods = {
    day: { short: moment(DAY), full: moment({ year: "numeric", ...DAY }) },
    hour: { short: moment({ ...DAY, ...HOUR }), full: moment({ year: "numeric", ...DAY, ...HOUR }) },
  };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  const options = (figure, data, measure, label) => {
    const period = periods[data.unit];
    const axis = { stroke: colour("dim"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line") } };
    return {
      width: figure.clientWidth,
      height: 240,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] } },
      legend: { markers: { width: 0 } },
      cursor: { points: { show: false } },
      axes: [
        { ...axis, space: data.unit === "hour" ? 130 : 70, values: (_, splits) => splits.map(period.short) },
        { ...axis, size: 70, values: (_, splits) => splits.map((value) => short.format(value)) },
      ],
      series: [
        { label: figure.dataset.period, value: (_, seconds) => seconds === null ? "–" : period.full(seconds) },
        {
          label,
          fill: colour("green"),
          stroke: colour("green"),
          width: 0,
          points: { show: false },
          paths: uPlot.paths.bars({ size: [0.75, 60] }),
          value: (_, amount) => amount === null ? "–" : whole.format(amount),
        },
      ],
    };
  };

  for (const figure of document.querySelectorAll("figure[data-usage]")) {
    const data = JSON.parse(figure.dataset.usage);
    const drawn = figure.querySelector("svg");
    const choice = figure.querySelector("select");
    const place = document.createElement("div");
    place.className = "plot";
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", drawn.getAttribute("aria-label"));
    drawn.before(place);
    drawn.setAttribute("hidden", "");
    choice.closest("p").hidden = false;
    let plot;
    const draw = () => {
      plot?.destroy();
      const label = choice.selectedOptions[0].textContent;
      plot = new uPlot(options(figure, data, choice.value, label), [data.from, data[choice.value]], place);
    };
    draw();
    choice.addEventListener("change", draw);
    dark.addEventListener("change", draw);
    new ResizeObserver(() => plot.setSize({ width: figure.clientWidth, height: 240 })).observe(figure);
  }
})();
