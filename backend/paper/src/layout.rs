//! Where everything stands: a document becomes lines with a place on a page each, and the tree in which they are read.
//! Lengths are in points, of which an inch has 72, from the upper left corner.

use crate::font::Font;
use crate::{Block, Document, PAGES_MAX, PaperError};

/// The width of A4.
pub(crate) const WIDTH: f32 = 595.28;
/// The height of A4.
pub(crate) const HEIGHT: f32 = 841.89;
/// The edge that stays free.
pub(crate) const MARGIN: f32 = 56.0;
/// The size of letters.
const BODY: f32 = 10.0;
/// The size of small letters.
pub(crate) const SMALL: f32 = 8.0;
/// The size of the title.
const TITLE: f32 = 20.0;
/// The size of headings.
const HEADING: f32 = 13.0;
/// The height of a line, of the size of its letters.
const LINE: f32 = 1.6;
/// Where text ends on a page, above its foot.
const BOTTOM: f32 = HEIGHT - MARGIN - 14.0;
/// How wide the names of pairs are, of the page.
const NAMES: f32 = 0.28;

/// What a part of the tree is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// The document as a whole.
    Root,
    /// The title.
    Title(String),
    /// A heading.
    Heading(String),
    /// A paragraph.
    Paragraph,
    /// A list; whether its items have numbers.
    List(bool),
    /// An item of a list.
    Item,
    /// The number or the dot of an item.
    Mark,
    /// What an item says.
    ItemBody,
    /// A table.
    Table,
    /// A row of a table.
    Row,
    /// What a row is about.
    RowHead,
    /// What a row says.
    Cell,
}

/// A part of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// What it is.
    pub(crate) kind: Kind,
    /// What is in it.
    pub(crate) children: Vec<Child>,
}

/// What is in a part of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Child {
    /// Another part, by its place in [`Sheets::nodes`].
    Node(usize),
    /// A line, by its place in [`Sheets::lines`].
    Line(usize),
}

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    /// On which page, from 0.
    pub(crate) page: usize,
    /// From the left edge.
    pub(crate) x: f32,
    /// Of its base, from the upper edge.
    pub(crate) y: f32,
    /// The size of its letters.
    pub(crate) size: f32,
    /// Whether it is in the colour of headings.
    pub(crate) is_heading: bool,
    /// What it says.
    pub(crate) text: String,
}

/// A stroke from left to right.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stroke {
    /// On which page, from 0.
    pub(crate) page: usize,
    /// From where.
    pub(crate) from: f32,
    /// To where.
    pub(crate) to: f32,
    /// How far from the upper edge.
    pub(crate) y: f32,
    /// Whether somebody signs on it.
    pub(crate) is_dark: bool,
}

/// A document on its pages.
#[derive(Debug)]
pub(crate) struct Sheets {
    /// The title, as it stands on the first page.
    pub(crate) title: String,
    /// How many pages.
    pub(crate) pages: usize,
    /// The tree; the first is its root.
    pub(crate) nodes: Vec<Node>,
    /// The lines, in the order of pages.
    pub(crate) lines: Vec<Line>,
    /// The strokes, in the order of pages.
    pub(crate) strokes: Vec<Stroke>,
}

struct Setter<'f> {
    font: &'f Font,
    sheets: Sheets,
    page: usize,
    /// How far down the page is full.
    y: f32,
}

/// How a text is set.
#[derive(Clone, Copy)]
struct Style {
    x: f32,
    width: f32,
    size: f32,
    is_heading: bool,
}

const WHOLE: Style = Style { x: MARGIN, width: WIDTH - 2.0 * MARGIN, size: BODY, is_heading: false };

/// Sets a document on its pages.
pub(crate) fn lay_out(document: &Document, font: &Font) -> Result<Sheets, PaperError> {
    let root = Node { kind: Kind::Root, children: Vec::new() };
    let title = String::new();
    let sheets = Sheets { title, pages: 1, nodes: vec![root], lines: Vec::new(), strokes: Vec::new() };
    let mut setter = Setter { font, sheets, page: 0, y: MARGIN };
    let text = setter.named(&document.title);
    setter.sheets.title.clone_from(&text);
    let title = setter.node(0, Kind::Title(text.clone()));
    setter.text(title, &text, Style { size: TITLE, is_heading: true, ..WHOLE })?;
    setter.y += 8.0;
    for block in &document.blocks {
        setter.block(block)?;
    }
    setter.sheets.pages = setter.page.saturating_add(1);
    Ok(setter.sheets)
}

impl Setter<'_> {
    fn block(&mut self, block: &Block) -> Result<(), PaperError> {
        match block {
            Block::Heading(text) => {
                self.y += 10.0;
                // A heading at the foot of a page is one of nothing.
                self.room(HEADING * LINE + BODY * LINE * 2.0)?;
                let text = self.named(text);
                let node = self.node(0, Kind::Heading(text.clone()));
                self.text(node, &text, Style { size: HEADING, is_heading: true, ..WHOLE })?;
                self.y += 2.0;
            }
            Block::Paragraph(text) => self.paragraph(text, BODY)?,
            Block::Small(text) => self.paragraph(text, SMALL)?,
            Block::Pairs(pairs) => self.pairs(pairs)?,
            Block::List { numbered, items } => self.list(*numbered, items)?,
            Block::Signatures(names) => self.signatures(names)?,
        }
        Ok(())
    }

    /// A title of one line; a reader finds nothing under an empty one.
    fn named(&self, text: &str) -> String {
        let text = self.font.printable(text).replace('\n', " ");
        if text.trim().is_empty() { "–".to_owned() } else { text }
    }

    fn paragraph(&mut self, text: &str, size: f32) -> Result<(), PaperError> {
        let node = self.node(0, Kind::Paragraph);
        self.text(node, text, Style { size, ..WHOLE })?;
        self.y += 6.0;
        Ok(())
    }

    fn pairs(&mut self, pairs: &[(String, String)]) -> Result<(), PaperError> {
        if pairs.is_empty() {
            return Ok(());
        }
        let table = self.node(0, Kind::Table);
        let split = WHOLE.width * NAMES;
        for (name, value) in pairs {
            self.room(BODY * LINE)?;
            let row = self.node(table, Kind::Row);
            let (head, cell) = (self.node(row, Kind::RowHead), self.node(row, Kind::Cell));
            let from = (self.page, self.y);
            self.text(head, name, Style { width: split - 10.0, ..WHOLE })?;
            let after_name = (self.page, self.y);
            (self.page, self.y) = from;
            self.text(cell, value, Style { x: MARGIN + split, width: WHOLE.width - split, ..WHOLE })?;
            if (self.page, self.y) < after_name {
                (self.page, self.y) = after_name;
            }
            self.y += 3.0;
            self.stroke(MARGIN, WIDTH - MARGIN, false);
            self.y += 3.0;
        }
        self.y += 4.0;
        Ok(())
    }

    fn list(&mut self, numbered: bool, items: &[String]) -> Result<(), PaperError> {
        if items.is_empty() {
            return Ok(());
        }
        let list = self.node(0, Kind::List(numbered));
        for (number, text) in (1..).zip(items) {
            self.room(BODY * LINE)?;
            let item = self.node(list, Kind::Item);
            let (mark, body) = (self.node(item, Kind::Mark), self.node(item, Kind::ItemBody));
            let from = (self.page, self.y);
            let sign: String = if numbered { format!("{number}.") } else { "•".to_owned() };
            self.text(mark, &sign, Style { width: 24.0, ..WHOLE })?;
            (self.page, self.y) = from;
            self.text(body, text, Style { x: MARGIN + 24.0, width: WHOLE.width - 24.0, ..WHOLE })?;
            self.y += 2.0;
        }
        self.y += 4.0;
        Ok(())
    }

    fn signatures(&mut self, names: &[String]) -> Result<(), PaperError> {
        for name in names {
            self.y += 14.0;
            self.room(BODY * LINE * 2.0)?;
            let node = self.node(0, Kind::Paragraph);
            self.text(node, name, Style { width: WHOLE.width * 0.4, ..WHOLE })?;
            self.stroke(MARGIN + WHOLE.width * 0.45, WIDTH - MARGIN, true);
        }
        self.y += 8.0;
        Ok(())
    }

    fn node(&mut self, parent: usize, kind: Kind) -> usize {
        let node = self.sheets.nodes.len();
        self.sheets.nodes.push(Node { kind, children: Vec::new() });
        if let Some(parent) = self.sheets.nodes.get_mut(parent) {
            parent.children.push(Child::Node(node));
        }
        node
    }

    fn text(&mut self, node: usize, text: &str, style: Style) -> Result<(), PaperError> {
        for text in broken(self.font, &self.font.printable(text), style.width, style.size) {
            self.room(style.size * LINE)?;
            self.y += style.size * LINE;
            let Style { x, size, is_heading, .. } = style;
            let base = self.y - size * (LINE - 1.0) / 2.0 - size * 0.2;
            let line = self.sheets.lines.len();
            self.sheets.lines.push(Line { page: self.page, x, y: base, size, is_heading, text });
            if let Some(node) = self.sheets.nodes.get_mut(node) {
                node.children.push(Child::Line(line));
            }
        }
        Ok(())
    }

    fn stroke(&mut self, from: f32, to: f32, is_dark: bool) {
        self.sheets.strokes.push(Stroke { page: self.page, from, to, y: self.y, is_dark });
    }

    /// Goes to the next page when so much does not fit on this one.
    fn room(&mut self, height: f32) -> Result<(), PaperError> {
        if self.y + height > BOTTOM {
            self.page = self.page.saturating_add(1);
            self.y = MARGIN;
        }
        if self.page >= PAGES_MAX { Err(PaperError::TooLong) } else { Ok(()) }
    }
}

/// The lines of a printable text. They end between words, and within one that is wider than a line; a blank at which one
/// ends stays with it, for those who copy or hear it.
fn broken(font: &Font, text: &str, width: f32, size: f32) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let (mut line, mut full) = (String::new(), 0.0);
        for word in paragraph.split_inclusive(' ') {
            let wide = font.width(word.trim_end_matches(' '), size);
            if full + wide > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                full = 0.0;
            }
            for letter in word.chars() {
                let wide = font.letter(letter).width * size;
                if full + wide > width && letter != ' ' && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                    full = 0.0;
                }
                line.push(letter);
                full += wide;
            }
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_page_and_nothing_is_lost(text in "[가-힣a-zA-Z .,\n□😀]{0,400}", width in 30.0_f32..400.0) {
            let font = Font::embedded().unwrap();
            let printable = font.printable(&text);
            let lines = broken(&font, &printable, width, BODY);
            for line in &lines {
                prop_assert!(font.width(line.trim_end_matches(' '), BODY) <= width + 0.01, "{line:?}");
            }
            let plain = |text: &str| text.chars().filter(|letter| *letter != '\n').collect::<String>();
            prop_assert_eq!(plain(&lines.concat()), plain(&printable));
        }
    }
}
