//! Embeds the bundled definitions anew when one of them changes.

fn main() {
    println!("cargo:rerun-if-changed=../../datasets/definitions");
}
