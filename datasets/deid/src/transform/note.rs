//! What was done to a column, told in both languages for the dictionary of the released table.

use super::interval::{Classes, Form};
use super::{Bounds, DatePart, Transform};
use mudeung_wire::manifest::Bilingual;

impl Transform {
    /// One sentence for the reader of the released table.
    pub fn note(&self) -> Bilingual {
        let (ko, en) = match self {
            Self::Drop => ("공개하지 않음".to_owned(), "Not released".to_owned()),
            Self::Keep => ("원래 값".to_owned(), "As recorded".to_owned()),
            Self::Pseudonym { .. } => (
                "비밀 키로 만든 가명 식별자. 제공받는 곳마다 다름".to_owned(),
                "Pseudonym made with a secret key; different for every recipient".to_owned(),
            ),
            Self::DateShift { weeks, part } => {
                let (ko, en) = part.map_or(("", ""), part_note);
                (
                    format!("환자마다 ±{weeks}주 이내의 정수 주만큼 이동. 환자 안의 간격과 요일은 그대로{ko}"),
                    format!(
                        "Shifted per person by whole weeks within ±{weeks}; intervals within a person and weekdays stay{en}"
                    ),
                )
            }
            Self::DateTruncate(part) => {
                let (ko, en) = part_note(*part);
                (format!("날짜 일반화{ko}"), format!("Date generalised{en}"))
            }
            Self::Generalise(intervals) => {
                let (ko, en) = match &intervals.classes {
                    Classes::Width { width, .. } => (format!("폭 {width}의 구간"), format!("Classes of width {width}")),
                    Classes::Breaks(breaks) => {
                        let list = breaks.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
                        (format!("{list}에서 나눈 구간"), format!("Classes split at {list}"))
                    }
                };
                let (form_ko, form_en) = match intervals.form {
                    Form::Label => ("", ""),
                    Form::Lower => ("의 하한", ", given as their lower bound"),
                };
                let (bounds_ko, bounds_en) = bounds_note(intervals.bounds);
                (format!("{ko}{form_ko}{bounds_ko}"), format!("{en}{form_en}{bounds_en}"))
            }
            Self::Clamp(bounds) => {
                let (ko, en) = bounds_note(*bounds);
                (format!("극단값 처리{ko}"), format!("Extremes bounded{en}"))
            }
            Self::Round { step, bounds } => {
                let (ko, en) = bounds_note(*bounds);
                (format!("{step} 단위로 반올림{ko}"), format!("Rounded to the nearest {step}{en}"))
            }
            Self::Map { default, .. } => match default {
                Some(default) => {
                    (format!("범주를 묶음. 나머지는 {default}"), format!("Categories merged; all others are {default}"))
                }
                None => ("범주를 묶음. 나머지는 비움".to_owned(), "Categories merged; all others are null".to_owned()),
            },
            Self::Suppress => ("모든 값을 비움".to_owned(), "Every value is null".to_owned()),
            Self::Levels(levels) => {
                let notes: Vec<Bilingual> = levels.iter().map(Self::note).collect();
                let list = |text: fn(&Bilingual) -> &str| notes.iter().map(text).collect::<Vec<_>>().join(" → ");
                (
                    format!("다음 가운데 k를 만족하는 가장 덜 거친 것: {}", list(|note| &note.ko)),
                    format!("The least coarse of these that reaches k: {}", list(|note| &note.en)),
                )
            }
        };
        Bilingual { ko, en }
    }
}

fn part_note(part: DatePart) -> (&'static str, &'static str) {
    match part {
        DatePart::Week => (". 주의 첫날로 표시", "; given as the first day of the week"),
        DatePart::Quarter => (". 분기의 첫날로 표시", "; given as the first day of the quarter"),
        DatePart::Month => (". 달의 첫날로 표시", "; given as the first day of the month"),
        DatePart::Year => (". 해의 첫날로 표시", "; given as the first day of the year"),
    }
}

fn bounds_note(bounds: Bounds) -> (String, String) {
    let mut ko = String::new();
    let mut en = String::new();
    if let Some(bottom) = bounds.bottom {
        ko.push_str(&format!(", {bottom} 미만은 하나로"));
        en.push_str(&format!(", all below {bottom} as one"));
    }
    if let Some(top) = bounds.top {
        ko.push_str(&format!(", {top} 이상은 하나로"));
        en.push_str(&format!(", all from {top} up as one"));
    }
    (ko, en)
}
