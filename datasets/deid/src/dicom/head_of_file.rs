//! A data set as a file: an empty preamble and a head that says only what the data set says.

use super::quarantine::Reason;
use super::read::text;
use dicom_dictionary_std::tags;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

/// The bytes of a file with this data set. The head has no titles of applications and no private information, and its
/// identifiers are those of the data set.
pub(super) fn write(object: InMemDicomObject, transfer_syntax: &str) -> Result<Vec<u8>, Reason> {
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(text(&object, tags::SOP_CLASS_UID))
        .media_storage_sop_instance_uid(text(&object, tags::SOP_INSTANCE_UID))
        .transfer_syntax(transfer_syntax)
        .build()
        .map_err(|_incomplete| Reason::Broken)?;
    let mut bytes = Vec::new();
    // What could be read can be written, but for lengths that do not fit the encoding.
    object.with_exact_meta(meta).write_all(&mut bytes).map_err(|_beyond| Reason::Broken)?;
    Ok(bytes)
}
