//! The font: how wide letters are, and which glyphs they have.
//!
//! NanumGothic of NAVER Corporation, under the SIL Open Font License 1.1 (`fonts/OFL.txt`), from the Debian package
//! `fonts-nanum`, unchanged.

use crate::PaperError;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, GlyphId, MetadataProvider};

/// The font's file.
pub(crate) const FILE: &[u8] = include_bytes!("../fonts/NanumGothic.ttf");
/// What stands for a letter that the font does not have.
const MISSING: char = '□';

/// The font.
pub(crate) struct Font {
    font: FontRef<'static>,
    metrics: GlyphMetrics<'static>,
    units: f32,
}

/// One letter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Letter {
    /// Its glyph.
    pub(crate) glyph: u32,
    /// How wide it is, of its size.
    pub(crate) width: f32,
}

impl Font {
    /// The font that is in the program.
    pub(crate) fn embedded() -> Result<Self, PaperError> {
        let font = FontRef::new(FILE).map_err(|_unreadable| PaperError::Font)?;
        let units = f32::from(font.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
        Ok(Self { metrics: font.glyph_metrics(Size::unscaled(), LocationRef::default()), font, units })
    }

    /// What of a text can be printed: every letter has a glyph, lines and blanks are plain, nothing is invisible.
    pub(crate) fn printable(&self, text: &str) -> String {
        let letter = |letter: char| match letter {
            '\r' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => None,
            '\n' => Some('\n'),
            _ if letter.is_whitespace() => Some(' '),
            _ if letter.is_control() => None,
            _ if self.glyph(letter).is_some() => Some(letter),
            _ => Some(MISSING),
        };
        text.chars().filter_map(letter).collect()
    }

    /// A letter of a printable text.
    pub(crate) fn letter(&self, letter: char) -> Letter {
        let glyph = self.glyph(letter).or_else(|| self.glyph(MISSING)).unwrap_or_default();
        let width = self.metrics.advance_width(glyph).unwrap_or_default();
        Letter { glyph: glyph.to_u32(), width: width / self.units }
    }

    /// How wide a printable text is at a size.
    pub(crate) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|letter| self.letter(letter).width).sum::<f32>() * size
    }

    fn glyph(&self, letter: char) -> Option<GlyphId> {
        self.font.charmap().map(letter).filter(|glyph| glyph.to_u32() != 0)
    }
}
