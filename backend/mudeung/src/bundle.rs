//! The bundled dataset definitions, embedded in the binary.

use crate::failure::Failure;
use rust_embed::RustEmbed;
use std::path::Path;

#[derive(RustEmbed)]
#[folder = "../../datasets/definitions"]
struct Definitions;

/// Unpacks every definition into a folder.
pub(crate) fn unpack(to: &Path) -> Result<(), Failure> {
    for name in Definitions::iter() {
        let Some(file) = Definitions::get(&name) else { continue };
        let target = to.join(name.as_ref());
        let written = target
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&target, file.data.as_ref()));
        written.map_err(|error| Failure::failed(format!("cannot write {}: {error}", target.display())))?;
    }
    Ok(())
}
