//! Tiles (C2SP tlog-tiles): runs of 256 hashes of one level, so that the tree can be fetched in cacheable pieces.

/// Hashes in a full tile.
pub const TILE_WIDTH: u64 = 256;
/// Levels of the tree in one level of tiles.
pub const TILE_HEIGHT: u32 = 8;

/// The address of a tile: `<level>/<index>[.p/<width>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Level of the tile; its hashes are of level `8 × level` of the tree.
    pub level: u8,
    /// Index within the level.
    pub index: u64,
    /// Number of hashes, 1 to 256.
    pub width: u16,
}

impl Tile {
    /// Reads the part of an address after `/tile/`.
    ///
    /// ```
    /// use mudeung_wire::ledger::tile::Tile;
    /// let tile = Tile::parse("0/x001/x234/067.p/8").unwrap();
    /// assert_eq!((tile.level, tile.index, tile.width), (0, 1_234_067, 8));
    /// assert_eq!(tile.to_string(), "0/x001/x234/067.p/8");
    /// assert!(Tile::parse("0/1").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let (path, width) = match text.split_once(".p/") {
            Some((path, width)) => (path, width.parse::<u16>().ok().filter(|w| (1..256).contains(w))?),
            None => (text, 256),
        };
        let (level, index) = path.split_once('/')?;
        let level = level.parse::<u8>().ok().filter(|level| *level < 64)?;
        let mut value = 0_u64;
        for part in index.split('/') {
            let digits = part.strip_prefix('x').unwrap_or(part);
            let number = digits.parse::<u64>().ok().filter(|_| digits.len() == 3)?;
            value = value.checked_mul(1000)?.checked_add(number)?;
        }
        let tile = Self { level, index: value, width };
        (tile.to_string() == text).then_some(tile)
    }

    /// Number of hashes that level `level` of tiles has in a tree of `size` leaves.
    pub const fn hashes_at(level: u8, size: u64) -> u64 {
        let mut hashes = size;
        let mut step = 0;
        while step < level {
            hashes >>= TILE_HEIGHT;
            step += 1;
        }
        hashes
    }

    /// Whether a tree of `size` leaves has all hashes of this tile.
    pub fn is_in(&self, size: u64) -> bool {
        let first = self.index.checked_mul(TILE_WIDTH);
        let end = first.and_then(|first| first.checked_add(u64::from(self.width)));
        end.is_some_and(|end| end <= Self::hashes_at(self.level, size))
    }
}

impl std::fmt::Display for Tile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts = vec![format!("{:03}", self.index % 1000)];
        let mut rest = self.index / 1000;
        while rest > 0 {
            parts.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        parts.reverse();
        write!(f, "{}/{}", self.level, parts.join("/"))?;
        if u64::from(self.width) < TILE_WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn addresses_read_back(level in 0_u8..64, index: u64, width in 1_u16..=256) {
            let tile = Tile { level, index, width };
            prop_assert_eq!(Tile::parse(&tile.to_string()), Some(tile));
        }

        #[test]
        fn any_text_is_refused_or_reads_back(text in "[0-9x./p]{0,20}") {
            if let Some(tile) = Tile::parse(&text) {
                prop_assert_eq!(tile.to_string(), text);
            }
        }
    }

    /// The arithmetic of the specification's example: a tree of 70,000 leaves.
    #[test]
    fn a_tree_of_70000_leaves_has_the_tiles_of_the_specification() {
        assert_eq!(Tile::hashes_at(0, 70_000), 70_000);
        assert_eq!(Tile::hashes_at(1, 70_000), 273);
        assert_eq!(Tile::hashes_at(2, 70_000), 1);
        assert!(Tile { level: 0, index: 272, width: 256 }.is_in(70_000));
        assert!(Tile { level: 0, index: 273, width: 112 }.is_in(70_000));
        assert!(!Tile { level: 0, index: 273, width: 113 }.is_in(70_000));
        assert!(Tile { level: 1, index: 1, width: 17 }.is_in(70_000));
        assert!(Tile { level: 2, index: 0, width: 1 }.is_in(70_000));
    }
}
