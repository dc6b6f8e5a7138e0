//! `statistics`: counts of persons without a grant, as numbers and as bars.

use crate::args::StatisticsArguments;
use crate::failure::Failure;
use crate::output::{self, aligned, grouped};
use futures_util::TryStreamExt;
use mudeung_sdk::Client;
use mudeung_sdk::api::{StatisticsAnswer, StatisticsBody, StatisticsDimension};
use serde_json::{Number, Value};

/// Letters of the longest bar.
const BAR: u64 = 40;

pub(crate) async fn run(client: &Client, arguments: StatisticsArguments, json: bool) -> Result<(), Failure> {
    let Some(table) = arguments.table else { return budgets(client, json).await };
    let by = arguments.by.iter().map(|text| dimension(text)).collect::<Result<Vec<_>, _>>()?;
    let epsilon = arguments.epsilon.parse::<Number>();
    let epsilon =
        epsilon.map_err(|_problem| Failure::Input(format!("--epsilon {}: is no number", arguments.epsilon)))?;
    let asked =
        StatisticsBody { table, filter: arguments.filter, by, cells_per_person: arguments.cells_per_person, epsilon };
    let answer = client.statistics(&asked).await?;
    if json {
        return output::json(&answer);
    }
    output::lines(&shown(&answer))
}

async fn budgets(client: &Client, json: bool) -> Result<(), Failure> {
    let budgets: Vec<_> = client.privacy_budgets().try_collect().await?;
    if json {
        return output::json(&budgets);
    }
    let row = |budget: &mudeung_sdk::api::PrivacyBudget| {
        let left = format!("{:.2} of {:.2}", budget.epsilon_remaining, budget.epsilon_total);
        vec![budget.dataset.clone(), left]
    };
    output::lines(&aligned(&["DATASET", "EPSILON LEFT"], &budgets.iter().map(row).collect::<Vec<_>>()))
}

fn shown(answer: &StatisticsAnswer) -> Vec<String> {
    let largest = answer.cells.iter().filter_map(|cell| cell.count).max().unwrap_or(1).max(1);
    let row = |cell: &mudeung_sdk::api::StatisticsCell| {
        let bins = if cell.bins.is_empty() { vec!["all".to_owned()] } else { cell.bins.clone() };
        let (count, bar) = match cell.count {
            None => (format!("<{}", answer.minimum), String::new()),
            Some(count) => {
                let letters = usize::try_from(count.saturating_mul(BAR) / largest).unwrap_or(0);
                (grouped(count), "█".repeat(letters))
            }
        };
        [bins, vec![count, bar]].concat()
    };
    let mut headings: Vec<String> = answer.by.iter().map(|name| name.to_uppercase()).collect();
    if headings.is_empty() {
        headings.push("PERSONS".to_owned());
    }
    headings.extend(["COUNT".to_owned(), String::new()]);
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let mut lines = aligned(&headings, &answer.cells.iter().map(row).collect::<Vec<_>>());
    let charged =
        if answer.charged { format!("{:.2}", answer.epsilon) } else { "nothing, it was asked before".to_owned() };
    lines.push(String::new());
    lines.push(format!(
        "Counts carry noise: the true one lies within {} with a probability of 95 %.",
        answer.interval_95
    ));
    lines.push(format!(
        "Charged {charged}; epsilon left for {}: {:.2} of {:.2}.",
        answer.budget.dataset, answer.budget.epsilon_remaining, answer.budget.epsilon_total
    ));
    lines
}

/// Reads `column=a,b,c` (values) or `column=0..100/10` (edges in steps).
fn dimension(text: &str) -> Result<StatisticsDimension, Failure> {
    let wrong = |what: &str| Failure::Input(format!("--by {text}: {what}"));
    let (column, bins) = text.split_once('=').ok_or_else(|| wrong("write COLUMN=BINS"))?;
    let column = column.trim().to_owned();
    if let Some((range, step)) = bins.split_once('/')
        && let Some((from, to)) = range.split_once("..")
    {
        let number =
            |text: &str| text.trim().parse::<i64>().map_err(|_problem| wrong("write FROM..TO/STEP in whole numbers"));
        let (from, to, step) = (number(from)?, number(to)?, number(step)?);
        if step <= 0 || from >= to || (to - from) / step > 1_000 {
            return Err(wrong("the range must rise, in at most 1,000 steps"));
        }
        let edges = (0..=(to - from) / step).map(|at| Value::from(from + at * step)).collect();
        return Ok(StatisticsDimension { column, values: None, edges: Some(edges) });
    }
    let value = |text: &str| {
        let text = text.trim();
        text.parse::<Number>().map_or_else(|_| Value::from(text), Value::Number)
    };
    Ok(StatisticsDimension { column, values: Some(bins.split(',').map(value).collect()), edges: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bins_are_read_as_they_are_meant() {
        let read = |text: &str| serde_json::to_value(dimension(text).unwrap()).unwrap();
        assert_eq!(read("age=0..40/20"), json!({ "column": "age", "edges": [0, 20, 40] }));
        assert_eq!(read("sex=F,M"), json!({ "column": "sex", "values": ["F", "M"] }));
        assert_eq!(read("grade=1, 2"), json!({ "column": "grade", "values": [1, 2] }));
        assert_eq!(read("age=[40,50)"), json!({ "column": "age", "values": ["[40", "50)"] }));
        for bad in ["age", "age=0..40/0", "age=40..0/10", "age=0..9999999/1", "age=a..b/1"] {
            assert!(dimension(bad).is_err(), "{bad}");
        }
    }
}
