//! What stands on the page where a member confirms a device.

use super::texts;

texts! {
    /// Signing a device in.
    DeviceTexts {
        title: "기기 연결", "Connect a device";
        lead: "명령줄 도구(mudeung-cli)에 표시된 코드를 입력하세요.", "Type the code that the command line (mudeung-cli) shows.";
        code: "코드", "Code";
        code_hint: "여덟 글자입니다. 대소문자와 붙임표는 상관없습니다.", "Eight letters; capitals and the hyphen do not matter.";
        go_on: "계속", "Go on";
        confirm_title: "이 기기를 연결할까요?", "Connect this device?";
        warning: "직접 시작한 로그인이고 기기에 같은 코드가 보일 때만 허용하세요. 다른 사람이 보낸 코드라면 거부하세요.", "Allow it only if you began this sign-in yourself and your device shows the same code. If somebody sent you the code, refuse.";
        client: "기기의 프로그램", "Program on the device";
        begun: "시작한 시각", "Begun";
        acts_for: "어느 앱으로 쓸까요?", "Which app does it act for?";
        may: "할 수 있는 일", "What it may do";
        until: "로그아웃되는 시각", "Signed out at";
        ends_note: "토큰은 이 앱의 이용 승인과 할당량 안에서만 데이터를 엽니다. 앱 화면에서 언제든 폐기할 수 있습니다.", "Its tokens open data within the app's grants and quota. You can revoke it on the app's page at any time.";
        allow: "허용", "Allow";
        deny: "거부", "Refuse";
        no_apps: "연결할 수 있는 앱이 없습니다. 먼저 앱을 등록하세요.", "There is no app that it could act for. Register one first.";
        unknown_code: "그런 코드가 없거나 만료되었거나 이미 쓰였습니다. 기기의 코드를 다시 확인하세요.", "There is no such code, or it has expired or was used. Look at your device again.";
        locked: "틀린 코드가 많아 잠시 잠겼습니다. 15분 뒤에 다시 시도하세요.", "Too many wrong codes. Try again in 15 minutes.";
        bad_app: "연결할 앱을 고르세요.", "Choose the app that it acts for.";
        too_many: "이 앱에 연결된 기기가 스무 대입니다. 앱 화면에서 먼저 하나를 폐기하세요.", "Twenty devices are connected to this app. Revoke one on the app's page first.";
    }
}
