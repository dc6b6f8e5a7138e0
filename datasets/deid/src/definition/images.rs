//! What images need of a definition to join its tables: how the release names and shifts its persons.

use super::{Definition, Plan};
use crate::dicom::PersonRule;
use crate::error::{CurateError, Problem};
use crate::transform::Transform;
use mudeung_core::dataset::ColumnType;
use std::collections::BTreeSet;

/// The largest shift of dates, in weeks, when no column of the tables is shifted.
const WEEKS: u32 = 26;

impl Definition {
    /// How images of the persons are named and shifted, so that they join the tables of this release.
    pub fn images(&self) -> Result<PersonRule, CurateError> {
        let refused = |problem| CurateError::Definition(vec![problem]);
        let recipe = self.recipe.as_ref().ok_or_else(|| refused(no_recipe()))?;
        let plan = self.plan()?;
        let column = plan.person().and_then(|table| table.columns.get(table.person_column));
        let Some((Transform::Pseudonym { domain, integer }, kind)) = column.map(|c| (&c.transform, c.kind)) else {
            return Err(refused(no_pseudonym()));
        };
        Ok(PersonRule {
            release: recipe.value.release.name.clone(),
            recipient: recipe.value.release.recipient.clone(),
            domain: domain.clone(),
            integer: *integer,
            number: matches!(kind, ColumnType::Int32 | ColumnType::Int64),
            weeks: weeks(&plan).map_err(refused)?,
        })
    }
}

/// The one shift of the tables; with several, nobody could say which of them images follow.
fn weeks(plan: &Plan) -> Result<u32, Problem> {
    let columns = plan.tables.iter().flat_map(|table| &table.columns);
    let shifts: BTreeSet<u32> = columns
        .filter_map(|column| match column.transform {
            Transform::DateShift { weeks, .. } => Some(weeks),
            _ => None,
        })
        .collect();
    match (shifts.first(), shifts.len()) {
        (None, _) => Ok(WEEKS),
        (Some(weeks), 1) => Ok(*weeks),
        _ => Err(Problem::new(
            "recipe.toml: columns",
            (
                "날짜 이동 폭(`weeks`)이 열마다 다릅니다.".to_owned(),
                "columns are shifted by different `weeks`.".to_owned(),
            ),
            (
                "영상의 날짜가 표와 맞으려면 모두 같아야 합니다.".to_owned(),
                "Give them one, so that dates of images agree with the tables.".to_owned(),
            ),
        )),
    }
}

fn no_recipe() -> Problem {
    Problem::new(
        "recipe.toml",
        ("파일이 없습니다.".to_owned(), "is not there.".to_owned()),
        (
            "영상은 이 파일의 [release]와 [person]을 따릅니다.".to_owned(),
            "Images follow its [release] and [person].".to_owned(),
        ),
    )
}

fn no_pseudonym() -> Problem {
    Problem::new(
        "recipe.toml: person.id",
        ("가명으로 바꾸는 열이 아닙니다.".to_owned(), "is not a column that becomes a pseudonym.".to_owned()),
        (
            "`do = \"pseudonym\"`이어야 영상을 표와 연결할 수 있습니다.".to_owned(),
            "Images join tables by it: use `do = \"pseudonym\"`.".to_owned(),
        ),
    )
}
