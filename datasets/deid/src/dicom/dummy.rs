//! Values that stand where one must, and show that they are made up.

use dicom_core::value::DataSetSequence;
use dicom_core::{DicomValue, Length, PrimitiveValue, VR};
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemFragment;

/// What stands in the place of text.
pub(super) const REMOVED: &str = "REMOVED";

/// A value of a representation, that is never empty and says nothing.
pub(super) fn dummy(vr: VR) -> DicomValue<InMemDicomObject, InMemFragment> {
    let text = |text: &str| DicomValue::Primitive(PrimitiveValue::from(text));
    match vr {
        VR::AS => text("000Y"),
        VR::DA => text("19000101"),
        VR::DT => text("19000101000000"),
        VR::TM => text("000000"),
        VR::DS | VR::IS => text("0"),
        VR::FL | VR::OF => DicomValue::Primitive(PrimitiveValue::from(0_f32)),
        VR::FD | VR::OD => DicomValue::Primitive(PrimitiveValue::from(0_f64)),
        VR::SS => DicomValue::Primitive(PrimitiveValue::from(0_i16)),
        VR::US | VR::OW => DicomValue::Primitive(PrimitiveValue::from(0_u16)),
        VR::SL => DicomValue::Primitive(PrimitiveValue::from(0_i32)),
        VR::UL | VR::OL => DicomValue::Primitive(PrimitiveValue::from(0_u32)),
        VR::SV => DicomValue::Primitive(PrimitiveValue::from(0_i64)),
        VR::UV | VR::OV => DicomValue::Primitive(PrimitiveValue::from(0_u64)),
        VR::AT => DicomValue::Primitive(PrimitiveValue::Tags([dicom_core::Tag(0, 0)].as_slice().into())),
        VR::OB | VR::UN => DicomValue::Primitive(PrimitiveValue::U8([0, 0].as_slice().into())),
        VR::SQ => DicomValue::Sequence(DataSetSequence::new(vec![InMemDicomObject::new_empty()], Length::UNDEFINED)),
        _ => text(REMOVED),
    }
}
