//! The PDF: lines and strokes drawn page by page, and the tree in which they are read.

use crate::font::{FILE, Font};
use crate::layout::{Child, HEIGHT, Kind, Line, MARGIN, SMALL, Sheets, Stroke, WIDTH};
use crate::{Document, PaperError};
use krilla::SerializeSettings;
use krilla::color::rgb;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node as TagNode, SpanTag, TableHeaderScope, Tag,
    TagGroup, TagTree,
};
use krilla::text::{GlyphId, KrillaGlyph};
use std::num::NonZeroU16;

/// The colour of letters.
const INK: [u8; 3] = [26, 32, 30];
/// The colour of headings.
const GREEN: [u8; 3] = [19, 78, 64];
/// The colour of strokes between rows.
const GREY: [u8; 3] = [200, 205, 203];
/// Korea's time, in hours from UTC.
const KST_HOURS: i8 = 9;

/// Makes the PDF.
pub(crate) fn draw(document: &Document, font: &Font, sheets: &Sheets) -> Result<Vec<u8>, PaperError> {
    let refused = |error: &dyn std::fmt::Debug| PaperError::Refused(format!("{error:?}"));
    let kind = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1);
    let configuration = kind.finish().map_err(|error| refused(&error))?;
    let settings = SerializeSettings { configuration, enable_tagging: true, ..SerializeSettings::default() };
    let mut pdf = krilla::Document::new_with(settings);
    pdf.set_metadata(metadata(document, &sheets.title));
    let face = krilla::text::Font::new(FILE.into(), 0).ok_or(PaperError::Font)?;
    let pen = Pen { font, face };
    let mut drawn: Vec<Option<Identifier>> = vec![None; sheets.lines.len()];
    for page in 0..sheets.pages {
        let size = PageSettings::from_wh(WIDTH, HEIGHT).ok_or(PaperError::Font)?;
        let mut sheet = pdf.start_page_with(size);
        let mut surface = sheet.surface();
        for stroke in sheets.strokes.iter().filter(|stroke| stroke.page == page) {
            pen.stroke(&mut surface, stroke);
        }
        for (line, identifier) in sheets.lines.iter().zip(&mut drawn).filter(|(line, _)| line.page == page) {
            *identifier = Some(pen.line(&mut surface, line, &document.language));
        }
        pen.foot(&mut surface, document, page, sheets.pages);
        surface.finish();
        sheet.finish();
    }
    pdf.set_outline(outline(sheets));
    pdf.set_tag_tree(tree(document, sheets, &drawn));
    pdf.finish().map_err(|error| refused(&error))
}

struct Pen<'f> {
    font: &'f Font,
    face: krilla::text::Font,
}

impl Pen<'_> {
    fn line(&self, surface: &mut Surface<'_>, line: &Line, language: &str) -> Identifier {
        let span = SpanTag::empty().with_lang(Some(language));
        let identifier = surface.start_tagged(ContentTag::Span(span));
        let colour = if line.is_heading { GREEN } else { INK };
        self.write(surface, line.x, line.y, line.size, &line.text, colour);
        surface.end_tagged();
        identifier
    }

    fn write(&self, surface: &mut Surface<'_>, x: f32, y: f32, size: f32, text: &str, colour: [u8; 3]) {
        surface.set_fill(Some(fill(colour)));
        surface.set_stroke(None);
        let glyphs: Vec<KrillaGlyph> = text.char_indices().map(|(at, letter)| self.glyph(at, letter)).collect();
        surface.draw_glyphs(Point::from_xy(x, y), &glyphs, self.face.clone(), text, size, false);
    }

    fn glyph(&self, at: usize, letter: char) -> KrillaGlyph {
        let known = self.font.letter(letter);
        let range = at..at.saturating_add(letter.len_utf8());
        KrillaGlyph::new(GlyphId::new(known.glyph), known.width, 0.0, 0.0, 0.0, range, None)
    }

    fn stroke(&self, surface: &mut Surface<'_>, stroke: &Stroke) {
        let mut path = PathBuilder::new();
        let (height, colour) = if stroke.is_dark { (0.8, INK) } else { (0.5, GREY) };
        path.move_to(stroke.from, stroke.y);
        path.line_to(stroke.to, stroke.y);
        path.line_to(stroke.to, stroke.y + height);
        path.line_to(stroke.from, stroke.y + height);
        path.close();
        let Some(path) = path.finish() else { return };
        surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
        surface.set_fill(Some(fill(colour)));
        surface.set_stroke(None);
        surface.draw_path(&path);
        surface.end_tagged();
    }

    fn foot(&self, surface: &mut Surface<'_>, document: &Document, page: usize, pages: usize) {
        let y = HEIGHT - MARGIN + 14.0;
        let number = format!("{} / {pages}", page.saturating_add(1));
        let x = WIDTH - MARGIN - self.font.width(&number, SMALL);
        let foot = self.font.printable(&document.foot).replace('\n', " ");
        surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)));
        self.write(surface, MARGIN, y, SMALL, &foot, INK);
        self.write(surface, x, y, SMALL, &number, INK);
        surface.end_tagged();
    }
}

fn fill([red, green, blue]: [u8; 3]) -> Fill {
    Fill { paint: rgb::Color::new(red, green, blue).into(), opacity: NormalizedF32::ONE, ..Fill::default() }
}

fn metadata(document: &Document, title: &str) -> Metadata {
    let metadata = Metadata::new()
        .title(title.to_owned())
        .language(document.language.clone())
        .authors(vec![document.author.clone()])
        .creator("Mudeung".to_owned());
    match made_at(document.made_at) {
        Some(at) => metadata.creation_date(at),
        None => metadata,
    }
}

fn made_at(seconds: i64) -> Option<DateTime> {
    let offset = jiff::tz::Offset::from_hours(KST_HOURS).ok()?;
    let at = offset.to_datetime(jiff::Timestamp::from_second(seconds).ok()?);
    let small = |number: i8| u8::try_from(number).ok();
    Some(
        DateTime::new(u16::try_from(at.year()).ok()?)
            .month(small(at.month())?)
            .day(small(at.day())?)
            .hour(small(at.hour())?)
            .minute(small(at.minute())?)
            .second(small(at.second())?)
            .utc_offset_hour(KST_HOURS)
            .utc_offset_minute(0),
    )
}

/// The headings, as a reader lists them beside the pages.
fn outline(sheets: &Sheets) -> Outline {
    let mut outline = Outline::new();
    for node in &sheets.nodes {
        let (Kind::Title(text) | Kind::Heading(text), Some(Child::Line(line))) = (&node.kind, node.children.first())
        else {
            continue;
        };
        if let Some(line) = sheets.lines.get(*line) {
            let above = Point::from_xy(line.x, line.y - line.size);
            let place = krilla::destination::XyzDestination::new(line.page, above);
            outline.push_child(OutlineNode::new(text.clone(), place));
        }
    }
    outline
}

fn tree(document: &Document, sheets: &Sheets, drawn: &[Option<Identifier>]) -> TagTree {
    let mut tree = TagTree::new().with_lang(Some(document.language.clone()));
    for child in sheets.nodes.first().map(|root| root.children.as_slice()).unwrap_or_default() {
        if let Some(node) = tagged(*child, sheets, drawn) {
            tree.push(node);
        }
    }
    tree
}

fn tagged(child: Child, sheets: &Sheets, drawn: &[Option<Identifier>]) -> Option<TagNode> {
    let node = match child {
        Child::Line(line) => return drawn.get(line).copied().flatten().map(TagNode::Leaf),
        Child::Node(node) => sheets.nodes.get(node)?,
    };
    let mut group = match &node.kind {
        Kind::Root => return None,
        Kind::Title(text) => TagGroup::new(Tag::Hn(NonZeroU16::MIN, Some(text.clone()))),
        Kind::Heading(text) => TagGroup::new(Tag::Hn(NonZeroU16::MIN.saturating_add(1), Some(text.clone()))),
        Kind::Paragraph => TagGroup::new(Tag::P),
        Kind::List(true) => TagGroup::new(Tag::L(ListNumbering::Decimal)),
        Kind::List(false) => TagGroup::new(Tag::L(ListNumbering::Disc)),
        Kind::Item => TagGroup::new(Tag::LI),
        Kind::Mark => TagGroup::new(Tag::Lbl),
        Kind::ItemBody => TagGroup::new(Tag::LBody),
        Kind::Table => TagGroup::new(Tag::Table),
        Kind::Row => TagGroup::new(Tag::TR),
        Kind::RowHead => TagGroup::new(Tag::TH(TableHeaderScope::Row)),
        Kind::Cell => TagGroup::new(Tag::TD),
    };
    for child in &node.children {
        if let Some(child) = tagged(*child, sheets, drawn) {
            group.push(child);
        }
    }
    Some(TagNode::Group(group))
}
