//! What stands where people write to each other on a request.

use super::texts;

texts! {
    /// Messages and remarks.
    MessageTexts {
        messages: "메시지", "Messages";
        lead: "신청 기업과 병원이 모두 볼 수 있습니다. 메시지로는 신청 상태나 기한이 바뀌지 않습니다.", "Both the company and the hospital see them. A message changes neither the state of the request nor a time limit.";
        empty: "아직 메시지가 없습니다.", "No messages yet.";
        company: "신청 기업", "The company";
        hospital: "병원", "The hospital";
        message: "메시지 (2,000자 이하)", "Message (up to 2,000 characters)";
        send: "메시지 보내기", "Send the message";
        remarks: "병원 내부 의견", "Remarks within the hospital";
        remarks_lead: "병원 사람에게만 보이며 신청 기업에는 보이지 않습니다.", "The hospital's people alone see them, never the company.";
        remarks_empty: "아직 내부 의견이 없습니다.", "No remarks yet.";
        remark: "내부 의견 (2,000자 이하)", "Remark (up to 2,000 characters)";
        remark_send: "내부 의견 남기기", "Leave the remark";
        bad_message: "1자 이상 2,000자 이하로 적어 주세요.", "Write 1 to 2,000 characters.";
        too_many: "한 신청에 남길 수 있는 글의 수(200개)를 넘었습니다.", "A request takes no more than 200 of them.";
    }
}
