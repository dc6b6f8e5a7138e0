//! Documents as PDF.
//!
//! A [`Document`] says what stands in it, in the order in which it is read; [`to_pdf`] sets it on pages of A4. The result is
//! PDF/A-2a and PDF/UA-1: its font is inside, every part is tagged for screen readers, and nothing in it depends on the
//! machine or the moment, so that the same document has the same bytes. It knows nothing of requests, grants and releases:
//! who has a decision to print describes it.

mod draw;
mod font;
mod layout;

/// The most pages of a document.
pub const PAGES_MAX: usize = 500;

/// What is to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its title: the heading of the first page.
    pub title: String,
    /// The language it is in, as BCP 47: `ko` or `en`.
    pub language: String,
    /// Who issues it.
    pub author: String,
    /// When it was made, in seconds since 1970-01-01T00:00:00Z.
    pub made_at: i64,
    /// What stands at the foot of each page, beside its number.
    pub foot: String,
    /// What stands in it.
    pub blocks: Vec<Block>,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// The heading of what follows.
    Heading(String),
    /// A paragraph; lines that are broken in it stay broken.
    Paragraph(String),
    /// A paragraph in small letters.
    Small(String),
    /// Names with what they are: a table of two columns.
    Pairs(Vec<(String, String)>),
    /// A list, numbered from 1 or with dots.
    List {
        /// Whether its items have numbers.
        numbered: bool,
        /// Its items.
        items: Vec<String>,
    },
    /// Room for signatures, each with whose it is.
    Signatures(Vec<String>),
}

/// A document that cannot be printed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PaperError {
    /// It has too many pages.
    #[error("a document of more than {PAGES_MAX} pages")]
    TooLong,
    /// The font of the program cannot be read.
    #[error("the font cannot be read")]
    Font,
    /// It cannot be made into a PDF of the kind it should be.
    #[error("no PDF can be made of it: {0}")]
    Refused(String),
}

/// Sets a document on pages; gives the bytes of the PDF. Letters that the font does not have stand as `□`.
///
/// # Errors
///
/// When it has too many pages.
pub fn to_pdf(document: &Document) -> Result<Vec<u8>, PaperError> {
    let font = font::Font::embedded()?;
    let sheets = layout::lay_out(document, &font)?;
    draw::draw(document, &font, &sheets)
}

#[cfg(test)]
mod tests;
