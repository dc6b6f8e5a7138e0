//! What stands on the page of a form that was not let in.

use super::texts;

texts! {
    /// A form that was kept while its sender proved who they are.
    UnsentTexts {
        title: "보내지 않은 양식", "A form that was not sent";
        lead: "본인 확인이 필요해 아직 아무것도 처리하지 않았습니다. 적은 내용을 확인하고 보내세요. 보내지 않으면 12시간 뒤에 지워집니다.", "Nothing was done yet: we had to ask first who you are. Look over what you typed and send it. If you do not, it is gone after twelve hours.";
        what: "보낼 것", "What it does";
        send: "보내기", "Send it";
        leave: "보내지 않고 나가기", "Leave without sending";
        kept: "적은 내용은 그대로 있습니다. 확인한 뒤에 다시 보여 드립니다.", "What you typed is kept, and shown to you again afterwards.";
    }
}
