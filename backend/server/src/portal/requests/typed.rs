//! What was typed into the forms of a request's page, to be shown again when a form is refused: as it was, and in that
//! form alone.

use super::asked::TableLine;
use super::terms::filter_problem;
use crate::portal::fields::Fields;
use crate::portal::page::Page;
use mudeung_core::dataset::Version;

/// What was typed into one of the forms.
#[derive(Default)]
pub(super) struct Typed {
    /// Which form: the end of its address.
    form: String,
    fields: Fields,
}

/// A table of the decision: which columns are ticked, and which rows are to be opened.
pub(super) struct OpenTable {
    pub(super) table: TableLine,
    pub(super) rows: String,
    pub(super) problem: Option<String>,
}

impl Typed {
    /// What was sent to the address of the page.
    pub(super) fn of(page: &Page, fields: &Fields) -> Self {
        let form = page.path.splitn(4, '/').nth(3).unwrap_or_default().to_owned();
        Self { form, fields: fields.clone() }
    }

    /// Whether it is this form.
    pub(super) fn is(&self, form: &str) -> bool {
        self.form == form
    }

    /// What stands in a field of a form: what was typed, or else what stands there at first.
    pub(super) fn text<'t>(&'t self, form: &str, name: &str, first: &'t str) -> &'t str {
        if self.is(form) { self.fields.raw(name).unwrap_or_default() } else { first }
    }

    /// The same of a field of a numbered condition.
    pub(super) fn numbered(&self, form: &str, name: &str, number: &usize) -> &str {
        self.text(form, &format!("{name}.{number}"), "")
    }

    /// The answer to a condition.
    pub(super) fn answer(&self, number: &usize) -> &str {
        self.text(&format!("conditions/{number}/answer"), "answer", "")
    }

    /// The tables that a company asked for, as the decision opens them: all that was asked for, until somebody chose.
    pub(super) fn tables(&self, page: &Page, version: &Version, asked: Vec<TableLine>) -> Vec<OpenTable> {
        let open = |mut table: TableLine| {
            let name = format!("rows.{}", table.name);
            if self.is("approve") {
                for column in &mut table.columns {
                    let value = format!("{}.{}", table.name, column.name);
                    column.chosen = self.fields.all("column").any(|ticked| ticked == value);
                }
            }
            let rows = self.text("approve", &name, "").to_owned();
            let own = version.tables.iter().find(|own| own.name.as_str() == table.name);
            let problem = own.and_then(|own| filter_problem(page.language, own, rows.trim()));
            OpenTable { table, rows, problem }
        };
        asked.into_iter().map(open).collect()
    }
}
