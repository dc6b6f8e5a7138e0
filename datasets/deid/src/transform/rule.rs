//! From a rule as it is written to the transform it means; settings that do not belong to the action are refused.

use super::interval::{Classes, Form, Intervals};
use super::{Bounds, DatePart, Transform};
use crate::definition::ColumnRule;
use std::collections::BTreeMap;

/// Reason and mend, each as (Korean, English).
pub(super) type Refusal = [(String, String); 2];

const DEFAULT_WEEKS: u32 = 26;
const WEEKS_MAX: u32 = 520;

/// Reads a rule; `tables` are the hierarchies beside the recipe.
pub(crate) fn read_rule(rule: &ColumnRule, tables: &BTreeMap<String, String>) -> Result<Transform, Refusal> {
    refuse_strangers(rule)?;
    let bounds = Bounds { bottom: rule.bottom, top: rule.top };
    if let (Some(bottom), Some(top)) = (rule.bottom, rule.top)
        && bottom >= top
    {
        return Err(refusal(
            "bottom이 top보다 작지 않습니다.",
            "bottom is not below top.",
            "값을 바꾸십시오.",
            "Swap or correct them.",
        ));
    }
    match rule.action.as_str() {
        "drop" => Ok(Transform::Drop),
        "keep" => Ok(Transform::Keep),
        "pseudonym" => {
            let integer = form(rule, &["text", "integer"])? == Some(1);
            Ok(Transform::Pseudonym { domain: rule.domain.clone().unwrap_or_else(|| "person".to_owned()), integer })
        }
        "date_shift" => match rule.weeks.unwrap_or(DEFAULT_WEEKS) {
            weeks @ 1..=WEEKS_MAX => Ok(Transform::DateShift { weeks, part: part(rule.truncate.as_deref())? }),
            _ => Err(refusal(
                "weeks가 1~520이 아닙니다.",
                "weeks is not from 1 to 520.",
                "26이 기본값입니다.",
                "26 is the default.",
            )),
        },
        "date_truncate" => match part(rule.part.as_deref())? {
            Some(part) => Ok(Transform::DateTruncate(part)),
            None => Err(needs("part = \"month\"")),
        },
        "generalise" => Ok(Transform::Generalise(Intervals {
            classes: classes(rule)?,
            bounds,
            form: if form(rule, &["label", "lower"])? == Some(1) { Form::Lower } else { Form::Label },
        })),
        "clamp" if bounds == Bounds::default() => Err(needs("top = 90")),
        "clamp" => Ok(Transform::Clamp(bounds)),
        "round" => match rule.to {
            Some(step) if step > 0.0 && step.is_finite() => Ok(Transform::Round { step, bounds }),
            _ => Err(needs("to = 5")),
        },
        "map" => match &rule.values {
            Some(values) => Ok(Transform::Map {
                values: values.clone(),
                default: rule.default.clone(),
                missing: rule.missing.clone(),
            }),
            None => Err(needs("values = { \"a\" = \"b\" }")),
        },
        "search" => super::search::read(rule, bounds, tables),
        other => Err(refusal(
            &format!("do = \"{other}\"은(는) 없는 처리입니다."),
            &format!("do = \"{other}\" is not an action."),
            "drop, keep, pseudonym, date_shift, date_truncate, generalise, clamp, round, map, search 가운데 고르십시오.",
            "Use drop, keep, pseudonym, date_shift, date_truncate, generalise, clamp, round, map or search.",
        )),
    }
}

fn classes(rule: &ColumnRule) -> Result<Classes, Refusal> {
    match (rule.width, &rule.breaks) {
        (Some(width), None) if width > 0.0 && width.is_finite() => {
            Ok(Classes::Width { width, origin: rule.origin.unwrap_or(0.0) })
        }
        (None, Some(breaks)) if !breaks.is_empty() && breaks.is_sorted_by(|a, b| a < b) => {
            Ok(Classes::Breaks(breaks.clone()))
        }
        (None, Some(_)) => Err(refusal(
            "breaks가 오름차순이 아닙니다.",
            "breaks do not rise.",
            "작은 값부터 겹치지 않게 적으십시오.",
            "List them in rising order, each once.",
        )),
        _ => Err(needs("width = 10 / breaks = [40, 60]")),
    }
}

pub(super) fn part(text: Option<&str>) -> Result<Option<DatePart>, Refusal> {
    match text {
        None | Some("day") => Ok(None),
        Some("week") => Ok(Some(DatePart::Week)),
        Some("month") => Ok(Some(DatePart::Month)),
        Some("quarter") => Ok(Some(DatePart::Quarter)),
        Some("year") => Ok(Some(DatePart::Year)),
        Some(other) => Err(refusal(
            &format!("\"{other}\"은(는) 날짜의 부분이 아닙니다."),
            &format!("\"{other}\" is not a part of a date."),
            "week, month, quarter, year 가운데 쓰십시오.",
            "Use `week`, `month`, `quarter` or `year`.",
        )),
    }
}

/// Position of the chosen form; `None` when nothing is chosen.
pub(super) fn form(rule: &ColumnRule, choices: &[&str]) -> Result<Option<usize>, Refusal> {
    let Some(chosen) = rule.form.as_deref() else { return Ok(None) };
    match choices.iter().position(|choice| *choice == chosen) {
        Some(position) => Ok(Some(position)),
        None => {
            let choices = choices.join(", ");
            Err(refusal(
                &format!("as = \"{chosen}\"은(는) 쓸 수 없습니다."),
                &format!("as = \"{chosen}\" is not a form of {}.", rule.action),
                &format!("가능한 값: {choices}."),
                &format!("Use one of {choices}."),
            ))
        }
    }
}

/// A setting that the action does not read would be silently without effect; it is refused.
fn refuse_strangers(rule: &ColumnRule) -> Result<(), Refusal> {
    let known: &[&str] = match rule.action.as_str() {
        "pseudonym" => &["domain", "as"],
        "date_shift" => &["weeks", "truncate"],
        "date_truncate" => &["part"],
        "generalise" => &["width", "origin", "breaks", "as", "top", "bottom"],
        "clamp" => &["top", "bottom"],
        "round" => &["to", "top", "bottom"],
        "map" => &["values", "default", "missing"],
        "search" => &["widths", "origin", "cuts", "parts", "hierarchy", "as", "top", "bottom", "suppress"],
        "drop" | "keep" => &[],
        _ => return Ok(()),
    };
    let given = [
        ("domain", rule.domain.is_some()),
        ("weeks", rule.weeks.is_some()),
        ("truncate", rule.truncate.is_some()),
        ("part", rule.part.is_some()),
        ("width", rule.width.is_some()),
        ("origin", rule.origin.is_some()),
        ("breaks", rule.breaks.is_some()),
        ("as", rule.form.is_some()),
        ("top", rule.top.is_some()),
        ("bottom", rule.bottom.is_some()),
        ("to", rule.to.is_some()),
        ("values", rule.values.is_some()),
        ("default", rule.default.is_some()),
        ("missing", rule.missing.is_some()),
        ("widths", rule.widths.is_some()),
        ("cuts", rule.cuts.is_some()),
        ("parts", rule.parts.is_some()),
        ("hierarchy", rule.hierarchy.is_some()),
        ("suppress", rule.suppress.is_some()),
    ];
    let Some((stranger, _)) = given.iter().find(|(key, given)| *given && !known.contains(key)) else { return Ok(()) };
    let action = &rule.action;
    Err(refusal(
        &format!("do = \"{action}\"에는 {stranger} 설정이 없습니다."),
        &format!("do = \"{action}\" has no setting `{stranger}`."),
        "그 설정을 지우십시오.",
        "Remove it.",
    ))
}

pub(super) fn needs(example: &str) -> Refusal {
    refusal(
        "설정이 빠졌습니다.",
        "a setting is missing.",
        &format!("예: {example}"),
        &format!("For instance {example}."),
    )
}

pub(super) fn refusal(reason_ko: &str, reason_en: &str, mend_ko: &str, mend_en: &str) -> Refusal {
    [(reason_ko.to_owned(), reason_en.to_owned()), (mend_ko.to_owned(), mend_en.to_owned())]
}
