//! The report as one page: words in Korean and English, figures as tables and drawings.

use super::{Attack, Quality, Rate};
use crate::twin::real::length;
use std::fmt::Write as _;

/// Pixels of a drawing.
const WIDTH: f64 = 640.0;
/// Pixels to the left of the bars.
const LABEL: f64 = 190.0;
/// Pixels of a line.
const LINE: f64 = 22.0;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;\
    color:#1d2733;background:#fff}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}\
    table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:right;font-weight:normal}\
    td:first-child,th:first-child{text-align:left}th{border-bottom:1px solid #8894a0}svg{max-width:100%;height:auto}\
    svg text{font:13px system-ui,sans-serif;fill:#1d2733}hr{margin:3rem 0}";

/// One language of the page.
struct Words {
    language: &'static str,
    title: &'static str,
    rows: &'static str,
    real: &'static str,
    held_out: &'static str,
    synthetic: &'static str,
    marginals: &'static str,
    marginals_say: &'static str,
    marginals_head: [&'static str; 4],
    columns: &'static str,
    dependence: &'static str,
    closeness: &'static str,
    closeness_say: &'static str,
    nearer: &'static str,
    same: &'static str,
    attacks: &'static str,
    attacks_say: &'static str,
    attacks_head: [&'static str; 4],
    utility: &'static str,
    utility_say: &'static str,
    limits: &'static str,
    limits_say: [&'static str; 4],
}

const KOREAN: Words = Words {
    language: "ko",
    title: "합성 자료 품질·노출 보고서",
    rows: "행 수",
    real: "원본",
    held_out: "대조(학습에 쓰지 않은 원본)",
    synthetic: "합성",
    marginals: "분포의 차이",
    marginals_say: "열 1~3개 조합의 총변동거리 평균입니다. 0은 같음, 1은 겹침 없음이며, 재표집은 원본을 같은 수만큼 다시 뽑았을 때 우연만으로 생기는 차이입니다.",
    marginals_head: ["열 수", "조합 수", "합성", "재표집"],
    columns: "열별 차이",
    dependence: "열 사이 관계(크라메르 V)의 차이: 평균 / 최대",
    closeness: "가장 가까운 기록까지의 거리",
    closeness_say: "합성 행에서 원본까지와 대조까지의 거리 분포입니다. 원본을 베끼지 않았다면 두 선이 겹칩니다.",
    nearer: "대조보다 원본에 더 가까운 합성 행(절반쯤이어야 함)",
    same: "모든 열이 같은 행이 있는 합성 행: 원본 / 대조",
    attacks: "공격",
    attacks_say: "학습에 쓰인 사람과 쓰이지 않은 사람에게 같은 공격을 했을 때의 성공률(윌슨 95 % 구간)과, 그 차이로 계산한 \
        위험(anonymeter 정의)입니다. 빨강은 원본, 파랑은 대조입니다.",
    attacks_head: ["공격", "원본", "대조", "위험"],
    utility: "예측에 쓸 수 있는가",
    utility_say: "로지스틱 회귀를 학습해 대조 자료에서 평가한 AUC입니다(0.5는 동전 던지기). 원본 학습 / 합성 학습",
    limits: "이 보고서로 알 수 없는 것",
    limits_say: [
        "공격이 실패했다고 안전이 증명되지는 않습니다. 다른 공격은 성공할 수 있습니다. 보장은 ε과 δ이며 이 표의 어떤 줄도 보장이 아닙니다.",
        "열 세 개까지만 비교했습니다. 네 개 이상의 관계와 드문 값은 틀릴 수 있습니다.",
        "드문 질환의 연구, 치료 효과의 추정, 개인에 대한 판단에는 쓰지 마십시오. 결론은 원본에서 확인해야 합니다.",
        "이 수치는 원본에서 잡음 없이 계산했습니다. 병원 안에서 보는 보고서이며, 공개하면 그만큼 드러납니다.",
    ],
};

const ENGLISH: Words = Words {
    language: "en",
    title: "Quality and exposure of a synthetic table",
    rows: "Rows",
    real: "real",
    held_out: "held out (real, not learned from)",
    synthetic: "synthetic",
    marginals: "How far distributions are apart",
    marginals_say: "The mean total variation distance over sets of one to three columns: 0 is the same, 1 nothing in \
        common. Resampled is what chance alone does to as many real rows.",
    marginals_head: ["columns", "sets", "synthetic", "resampled"],
    columns: "Column by column",
    dependence: "Difference in how columns depend on each other (Cramér's V): mean / largest",
    closeness: "Distance to the closest record",
    closeness_say: "From synthetic rows to the real ones and to the held-out ones. Where nobody is copied, both \
        lines are one.",
    nearer: "Synthetic rows that are nearer to a real row than to a held-out one (about half)",
    same: "Synthetic rows that are in all columns like a row: real / held out",
    attacks: "Attacks",
    attacks_say: "How often an attack succeeds on those who were learned from and on others (Wilson intervals of 95 \
        %), and the risk that follows from the difference, as anonymeter defines it. Red is real, blue is held out.",
    attacks_head: ["attack", "real", "held out", "risk"],
    utility: "Whether one can learn from it",
    utility_say: "The area under the curve of a logistic regression on the held-out rows (0.5 is a coin). Learned \
        from real / from synthetic rows",
    limits: "What this does not tell",
    limits_say: [
        "An attack that fails proves nothing; another may succeed. What is promised is epsilon and delta, and no \
         line of this page.",
        "Sets of up to three columns were compared. What four columns have in common, and rare values, may be wrong.",
        "Do not use the table for rare diseases, for effects of treatments or for decisions on anyone. Check \
         conclusions on the real data.",
        "These figures were computed from real rows without noise. They are for the hospital; publishing them tells \
         a little.",
    ],
};

pub(super) fn page(quality: &Quality) -> String {
    let body = format!("{}<hr>{}", section(quality, &KOREAN), section(quality, &ENGLISH));
    format!(
        "<!doctype html>\n<html lang=\"ko\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{}</title><style>{STYLE}</style></head><body>{body}</body></html>\n",
        KOREAN.title
    )
}

fn section(quality: &Quality, words: &Words) -> String {
    let mut page = format!("<section lang=\"{}\"><h1>{}</h1>", words.language, words.title);
    let counts = [
        (words.real, quality.real_rows),
        (words.held_out, quality.held_out_rows),
        (words.synthetic, quality.synthetic_rows),
    ];
    let counts = counts.map(|(name, count)| vec![name.to_owned(), count.to_string()]);
    page += &table(["", words.rows, "", ""].get(..2).unwrap_or_default(), &counts);
    let distances: Vec<Vec<String>> = quality
        .marginals
        .iter()
        .map(|of| vec![of.columns.to_string(), of.sets.to_string(), decimal(of.mean), decimal(of.floor)])
        .collect();
    page += &titled(words.marginals, words.marginals_say, &table(&words.marginals_head, &distances));
    let bars: Vec<(String, f64)> = quality.columns.iter().map(|of| (of.column.clone(), of.distance)).collect();
    page += &titled(words.columns, "", &bars_of(words.columns, &bars));
    let dependence = &quality.dependence;
    let pair = escaped(&dependence.pair.join(" × "));
    let told = format!("<p>{} / {} ({pair})</p>", decimal(dependence.mean), decimal(dependence.largest));
    page += &titled(words.dependence, "", &told);
    let closeness = &quality.closeness;
    let told = format!(
        "{}<p>{}: {}</p><p>{}: {} / {}</p>",
        lines_of(words, &closeness.to_real, &closeness.to_held_out),
        words.nearer,
        rate(closeness.nearer_to_real),
        words.same,
        rate(closeness.same_as_real),
        rate(closeness.same_as_held_out),
    );
    page += &titled(words.closeness, words.closeness_say, &told);
    let attacks: Vec<Vec<String>> = quality.attacks.iter().map(attack).collect();
    let told = format!("{}{}", table(&words.attacks_head, &attacks), intervals_of(words.attacks, &quality.attacks));
    page += &titled(words.attacks, words.attacks_say, &told);
    if let Some(utility) = &quality.utility {
        let (from_real, from_synthetic) = (decimal(utility.from_real), decimal(utility.from_synthetic));
        let told = format!("<p>{}: {from_real} / {from_synthetic}</p>", escaped(&utility.target));
        page += &titled(words.utility, words.utility_say, &told);
    }
    let limits: String = words.limits_say.iter().map(|limit| format!("<li>{limit}</li>")).collect();
    page + &titled(words.limits, "", &format!("<ul>{limits}</ul>")) + "</section>"
}

fn attack(attack: &Attack) -> Vec<String> {
    let risk = attack.risk;
    let risk = format!("{} [{}, {}]", decimal(risk.risk), decimal(risk.low), decimal(risk.high));
    vec![attack.name.clone(), rate(attack.attack), rate(attack.control), risk]
}

fn rate(rate: Rate) -> String {
    format!("{}/{} [{}, {}]", rate.hits, rate.attempts, decimal(rate.low), decimal(rate.high))
}

fn decimal(value: f64) -> String {
    format!("{value:.3}")
}

fn titled(title: &str, say: &str, told: &str) -> String {
    let say = if say.is_empty() { String::new() } else { format!("<p>{say}</p>") };
    format!("<h2>{title}</h2>{say}{told}")
}

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: String = head.iter().map(|cell| format!("<th>{cell}</th>")).collect();
    let row = |row: &Vec<String>| {
        let cells: String = row.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
        format!("<tr>{cells}</tr>")
    };
    format!("<table><tr>{head}</tr>{}</table>", rows.iter().map(row).collect::<String>())
}

/// A drawing of so many lines.
fn drawing(title: &str, lines: usize, content: &str) -> String {
    let height = LINE * length(lines) + 8.0;
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
         aria-label=\"{}\">{content}</svg>",
        escaped(title)
    )
}

/// A bar for each value from 0 to the largest, of a tenth at least.
fn bars_of(title: &str, bars: &[(String, f64)]) -> String {
    let most = bars.iter().fold(0.1_f64, |most, (_, value)| most.max(*value));
    let mut content = String::new();
    for (place, (name, value)) in bars.iter().enumerate() {
        let top = LINE * length(place) + 4.0;
        let width = value / most * (WIDTH - LABEL - 60.0);
        // Writing to a text cannot fail.
        let _ = write!(
            content,
            "<text x=\"0\" y=\"{}\">{}</text><rect x=\"{LABEL}\" y=\"{top}\" width=\"{width:.1}\" height=\"16\" \
             fill=\"#2f6f9f\"/><text x=\"{:.1}\" y=\"{}\">{}</text>",
            top + 13.0,
            escaped(&shortened(name)),
            LABEL + width + 6.0,
            top + 13.0,
            decimal(*value),
        );
    }
    drawing(title, bars.len(), &content)
}

/// For each attack the interval of its share on real rows above that on the control.
fn intervals_of(title: &str, attacks: &[Attack]) -> String {
    let mut content = String::new();
    let at = |share: f64| LABEL + share * (WIDTH - LABEL - 10.0);
    for (place, attack) in attacks.iter().enumerate() {
        let top = LINE * 2.0 * length(place);
        let _ = write!(content, "<text x=\"0\" y=\"{}\">{}</text>", top + 26.0, escaped(&attack.name));
        for (rate, down, colour) in [(attack.attack, 14.0, "#b3402f"), (attack.control, 30.0, "#2f6f9f")] {
            let (low, high, y) = (at(rate.low), at(rate.high), top + down);
            let _ = write!(
                content,
                "<line x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"5\" \
                 stroke-linecap=\"round\"/>",
            );
        }
    }
    drawing(title, attacks.len() * 2, &content)
}

/// Two distributions of distances, by their quantiles.
fn lines_of(words: &Words, real: &[f64], held_out: &[f64]) -> String {
    const SHARES: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
    let most = real.iter().chain(held_out).fold(1e-9_f64, |most, value| most.max(*value));
    let height = LINE * 8.0;
    let mut content = String::new();
    for (values, name, colour, down) in
        [(real, words.real, "#b3402f", 18.0), (held_out, words.held_out, "#2f6f9f", 36.0)]
    {
        let point = |(value, share): (&f64, f64)| {
            format!("{:.1},{:.1}", value / most * (WIDTH - 20.0) + 10.0, height - share * (height - 10.0))
        };
        let points: Vec<String> = values.iter().zip(SHARES).map(point).collect();
        let _ = write!(
            content,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/><text x=\"10\" y=\"{down}\" \
             style=\"fill:{colour}\">{name}</text>",
            points.join(" "),
        );
    }
    let _ = write!(content, "<text x=\"{}\" y=\"{}\">{}</text>", WIDTH - 50.0, height - 4.0, decimal(most));
    drawing(words.closeness, 8, &content)
}

fn shortened(name: &str) -> String {
    if name.chars().count() > 24 { name.chars().take(23).chain(['…']).collect() } else { name.to_owned() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
