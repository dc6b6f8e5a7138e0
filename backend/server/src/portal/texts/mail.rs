//! What mails and notifications say.

use super::texts;
use mudeung_core::notification::Topic;

texts! {
    /// Mails, and what occurs.
    MailTexts {
        mark: "[무등]", "[Mudeung]";
        dear: "님께", ",";
        foot: "알림을 받는 방법은 여기서 바꿀 수 있습니다.", "Change how you are told:";
        why: "이 일은 회원님이 처리하거나 알아야 하는 것이어서 알려 드립니다.", "You are told because it waits on you or concerns your organization.";
        invited_subject: "구성원으로 초대합니다", "You are invited";
        invited: "{organization}의 구성원으로 무등 의료데이터 샌드박스에 초대되었습니다. 아래 링크에서 비밀번호를 정하면 바로 시작할 수 있습니다.", "You are invited to the Mudeung healthcare data sandbox as a member of {organization}. Open the link and choose a password to begin.";
        signed_up: "{organization}의 가입을 신청하셨습니다. 아래 링크에서 비밀번호를 정하면 가입이 끝나고 합성 데이터를 바로 쓸 수 있습니다.", "You signed up {organization}. Open the link and choose a password: that proves your address, and synthetic data is open at once.";
        invited_until: "링크는 {until}(한국 시각)까지 한 번 쓸 수 있습니다.", "The link works once, until {until} (Korea time).";
        invited_not_you: "모르는 일이라면 이 메일을 지우세요. 아무 일도 일어나지 않습니다.", "If you do not know of this, delete this mail: nothing happens.";
        reset_subject: "비밀번호 다시 정하기", "Set a new password";
        reset: "아래 링크에서 비밀번호를 다시 정할 수 있습니다. 30분 동안 한 번 쓸 수 있습니다.", "Set a new password at the link. It works once, for 30 minutes.";
        reset_not_you: "요청하지 않았다면 이 메일을 지우세요. 비밀번호는 그대로입니다.", "If you did not ask for it, delete this mail: your password stays as it is.";
        changed_subject: "비밀번호가 바뀌었습니다", "Your password was changed";
        changed: "회원님 계정의 비밀번호가 방금 바뀌었고, 다른 기기의 로그인은 모두 끝났습니다.", "The password of your account was changed just now, and all other sign-ins were ended.";
        changed_not_you: "바꾸지 않았다면 지금 비밀번호를 다시 정하고 운영자에게 알리세요.", "If it was not you, set a new one now and tell the operator:";
        passkey_added_subject: "패스키가 추가되었습니다", "A passkey was added";
        passkey_added: "회원님 계정에 패스키가 방금 추가되었습니다. 이제 그 기기로 로그인하고 본인임을 확인할 수 있습니다.", "A passkey was added to your account just now: its device can sign in and prove that it is you.";
        passkey_removed_subject: "패스키가 제거되었습니다", "A passkey was removed";
        passkey_removed: "회원님 계정에서 패스키가 방금 제거되었습니다.", "A passkey was removed from your account just now.";
        passkey_not_you: "모르는 일이라면 지금 계정 보안 화면에서 모르는 패스키를 제거하고, 비밀번호를 바꾸고, 운영자에게 알리세요.", "If it was not you, remove what is not yours on the page of account security, change your password, and tell the operator:";
        digest_subject: "오늘의 알림", "Your day in one mail";
        test_subject: "시험 메일", "A test";
        test: "이 메일을 읽고 있다면 메일 설정이 맞습니다.", "If you can read this, mail is set up right.";
        request_submitted: "이용 신청이 제출되었습니다", "An access request was filed";
        request_accepted: "이용 신청이 형식검토를 통과해 심의에 들어갔습니다", "An access request is complete and before the board";
        request_returned: "이용 신청에 보완 요청이 있습니다", "An access request was sent back for changes";
        request_approved: "이용 신청이 승인되었습니다", "An access request was approved";
        request_conditional: "이용 신청이 조건부로 승인되었습니다", "An access request was approved with conditions";
        request_rejected: "이용 신청이 반려되었습니다", "An access request was rejected";
        request_withdrawn: "이용 신청이 철회되었습니다", "An access request was withdrawn";
        request_lapsed: "이용 신청이 답변 기한이 지나 종료되었습니다", "An access request lapsed without an answer";
        request_answer_due: "이용 신청에 답할 기한이 다가옵니다", "An access request waits for your answer, and its time is nearly over";
        request_due: "이용 신청의 처리 기한이 다가옵니다", "An access request waits on you, and its time is nearly over";
        request_escalated: "이용 신청의 처리 기한이 많이 지났습니다. 운영자가 살펴 주세요", "An access request has been overdue for long: its operator is asked to look";
        request_opinion_wanted: "이용 신청에 부서 의견이 필요합니다", "The opinion of your office on an access request is wanted";
        request_overdue: "이용 신청의 처리 기한이 지났습니다", "An access request is overdue";
        request_asked: "이용 신청에 관해 기업이 메시지를 보냈습니다", "A company wrote to you about its access request";
        request_replied: "이용 신청에 관해 병원이 메시지를 보냈습니다", "The hospital wrote to you about your access request";
        condition_answered: "승인 조건에 대한 답변이 왔습니다", "A condition of an approval was answered";
        condition_unconfirmed: "승인 조건에 대한 답변의 확인 기한이 지났습니다", "An answer to a condition waits longer than it should to be looked at";
        condition_confirmed: "승인 조건의 이행이 확인되었습니다", "A condition of an approval was found met";
        grant_revoked: "이용 승인이 취소되었습니다", "A grant was revoked";
        grant_ending: "이용 승인이 곧 끝납니다", "A grant ends soon";
        grant_report_due: "경과보고 기한이 다가옵니다", "A progress report on a grant is due soon";
        grant_report_overdue: "경과보고 기한이 지났습니다. 보고하기 전에는 새 신청이 승인되지 않습니다", "A progress report on a grant is overdue: no request is approved before it";
        grant_reported: "이용 승인의 경과보고가 올라왔습니다", "A company reported on its grant";
        grant_report_read: "병원이 경과보고를 읽고 답했습니다", "The hospital read your report and answered";
        destruction_due: "이용 승인이 끝났습니다. 받은 데이터를 파기하고 신고해 주세요", "A grant ended: destroy what you read under it and declare it";
        destruction_overdue: "파기 신고 기한이 지났습니다. 신고하기 전에는 새 신청이 승인되지 않습니다", "The destruction of data is overdue: no request is approved before it is declared";
        destruction_declared: "파기 신고가 올라와 확인을 기다립니다", "Destruction of data was declared and waits to be taken";
        destruction_refused: "병원이 파기 신고를 돌려보냈습니다", "The hospital sent a declaration of destruction back";
        grant_closed: "이용 승인이 종료되었고 파기확인서가 나왔습니다", "A grant is closed, and its certificate of destruction is there";
        credential_ending: "자격증명이 곧 만료됩니다", "A credential expires soon";
        version_published: "승인받은 데이터셋의 새 버전이 나왔습니다", "A new version of a dataset that you read is there";
        version_withdrawn: "데이터셋의 버전이 회수되었습니다. 내려받은 사본을 지우세요", "A version of a dataset was withdrawn: delete your copies of it";
        agreement_published: "데이터 이용 약정의 새 판이 나왔습니다. 기한 안에 서명해 주세요", "The data use agreement has a new version: sign it in time";
        break_glass_opened: "긴급 접근이 열렸습니다", "Access was opened in an emergency";
        break_glass_unreviewed: "긴급 접근의 사후 심사 기한이 지났습니다", "Access in an emergency was not reviewed in time";
        incident_reported: "데이터 사고가 기록되었습니다", "An incident with data was reported";
        incident_untold: "데이터 사고를 알릴 72시간이 지났습니다", "An incident was not told within 72 hours";
        export_filed: "분석 결과의 반출 신청이 들어왔습니다", "The export of a result was asked for";
        export_due: "반출 심의 기한이 다가옵니다", "A decision on an export is due soon";
        export_released: "분석 결과를 반출할 수 있습니다", "A result may leave: fetch it from its job";
        export_refused: "분석 결과의 반출이 거절되었습니다", "The export of a result was refused";
        webhook_test: "웹훅 시험", "A test of a webhook";
    }
}

/// What occurred, in a sentence.
pub(crate) const fn topic_text(t: &'static MailTexts, topic: Topic) -> &'static str {
    match topic {
        Topic::RequestSubmitted => t.request_submitted,
        Topic::RequestAccepted => t.request_accepted,
        Topic::RequestReturned => t.request_returned,
        Topic::RequestApproved => t.request_approved,
        Topic::RequestConditional => t.request_conditional,
        Topic::RequestRejected => t.request_rejected,
        Topic::RequestWithdrawn => t.request_withdrawn,
        Topic::RequestLapsed => t.request_lapsed,
        Topic::RequestAnswerDue => t.request_answer_due,
        Topic::RequestDue => t.request_due,
        Topic::RequestOverdue => t.request_overdue,
        Topic::RequestEscalated => t.request_escalated,
        Topic::RequestOpinionWanted => t.request_opinion_wanted,
        Topic::RequestAsked => t.request_asked,
        Topic::RequestReplied => t.request_replied,
        Topic::ConditionAnswered => t.condition_answered,
        Topic::ConditionConfirmed => t.condition_confirmed,
        Topic::ConditionUnconfirmed => t.condition_unconfirmed,
        Topic::GrantRevoked => t.grant_revoked,
        Topic::GrantEnding => t.grant_ending,
        Topic::GrantReportDue => t.grant_report_due,
        Topic::GrantReportOverdue => t.grant_report_overdue,
        Topic::GrantReported => t.grant_reported,
        Topic::GrantReportRead => t.grant_report_read,
        Topic::DestructionDue => t.destruction_due,
        Topic::DestructionOverdue => t.destruction_overdue,
        Topic::DestructionDeclared => t.destruction_declared,
        Topic::DestructionRefused => t.destruction_refused,
        Topic::GrantClosed => t.grant_closed,
        Topic::CredentialEnding => t.credential_ending,
        Topic::VersionPublished => t.version_published,
        Topic::VersionWithdrawn => t.version_withdrawn,
        Topic::AgreementPublished => t.agreement_published,
        Topic::BreakGlassOpened => t.break_glass_opened,
        Topic::BreakGlassUnreviewed => t.break_glass_unreviewed,
        Topic::IncidentReported => t.incident_reported,
        Topic::IncidentUntold => t.incident_untold,
        Topic::ExportFiled => t.export_filed,
        Topic::ExportDue => t.export_due,
        Topic::ExportReleased => t.export_released,
        Topic::ExportRefused => t.export_refused,
        Topic::Test => t.webhook_test,
    }
}
