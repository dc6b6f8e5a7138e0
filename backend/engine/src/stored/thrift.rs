//! As much of Thrift's compact protocol as it takes to see which fields a struct has.
//!
//! A Parquet file may have a readable footer over encrypted columns. The parser we use then passes over the field that
//! says so, and the pages would be served as if they were pages.

/// How deep values may be nested.
const DEPTH_MAX: u32 = 32;

/// The numbers of the fields of the struct that bytes begin with; `None` when they are no such struct.
pub(super) fn fields(bytes: &[u8]) -> Option<Vec<i16>> {
    let mut cursor = Cursor { rest: bytes };
    let mut fields = Vec::new();
    cursor.structure(DEPTH_MAX, |field| fields.push(field))?;
    Some(fields)
}

struct Cursor<'b> {
    rest: &'b [u8],
}

impl Cursor<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn skip(&mut self, length: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(length).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn structure(&mut self, depth: u32, mut seen: impl FnMut(i16)) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let mut field = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            let (delta, kind) = (head >> 4, head & 0x0f);
            field = match delta {
                0 => {
                    let zigzag = self.varint()?;
                    i16::try_from(i64::try_from(zigzag >> 1).ok()? ^ -i64::try_from(zigzag & 1).ok()?).ok()?
                }
                delta => field.checked_add(i16::from(delta))?,
            };
            seen(field);
            // A boolean field is its own value.
            if !matches!(kind, 1 | 2) {
                self.value(kind, depth)?;
            }
        }
    }

    fn value(&mut self, kind: u8, depth: u32) -> Option<()> {
        match kind {
            1..=3 => self.skip(1),
            4..=6 => self.varint().map(drop),
            7 => self.skip(8),
            8 => self.varint().and_then(|length| self.skip(length)),
            9 | 10 => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                self.values(count, &[head & 0x0f], depth)
            }
            11 => {
                let count = self.varint()?;
                if count == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                self.values(count, &[kinds >> 4, kinds & 0x0f], depth)
            }
            12 => self.structure(depth, |_| {}),
            _ => None,
        }
    }

    fn values(&mut self, count: u64, kinds: &[u8], depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        // No value takes less than a byte.
        if count > u64::try_from(self.rest.len()).ok()? {
            return None;
        }
        for _ in 0..count {
            for kind in kinds {
                self.value(*kind, depth)?;
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::arrow::ArrowWriter;
    use proptest::prelude::*;

    #[test]
    fn the_fields_of_a_footer_are_those_of_its_definition() {
        let stored = crate::fixture::mix(1, 1);
        let schema = arrow::datatypes::Schema::new(vec![arrow::datatypes::Field::new(
            format!("c{stored}"),
            arrow::datatypes::DataType::Int64,
            true,
        )]);
        let mut file = Vec::new();
        ArrowWriter::try_new(&mut file, schema.into(), None).unwrap().close().unwrap();
        let length =
            usize::try_from(u32::from_le_bytes(file[file.len() - 8..file.len() - 4].try_into().unwrap())).unwrap();
        let footer = &file[file.len() - 8 - length..file.len() - 8];
        // version, schema, num_rows, row_groups, key_value_metadata, created_by, column_orders
        assert_eq!(fields(footer), Some(vec![1, 2, 3, 4, 5, 6, 7]));
        assert_eq!(fields(&footer[..footer.len() - 1]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_fields_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = fields(&bytes);
        }
    }
}
