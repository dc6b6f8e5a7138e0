//! What stands around profiles for sharing clients.

use super::texts;

texts! {
    /// Profiles, and the links that hand them out.
    ActivationTexts {
        title: "공유 프로필", "Sharing profile";
        lead: "pandas(delta-sharing), Spark 등 Delta Sharing 클라이언트가 쓰는 설정 파일입니다. 링크를 여는 순간 비밀값이 만들어지며, 링크는 한 번만 열립니다.", "The file that clients of Delta Sharing read: pandas (delta-sharing), Spark and others. The secret is made when the link is opened, and the link opens once.";
        empty: "열리기를 기다리는 링크가 없습니다.", "No link waits to be opened.";
        label: "용도", "Label";
        label_hint: "누가 또는 어디에서 쓰는지 적어 주세요.", "Who or what will use it.";
        expires: "열 수 있는 기한", "Opens until";
        lifetime: "자격증명 유효 기간", "Lifetime of the credential";
        days_30: "30일 동안", "30 days";
        days_90: "90일 동안", "90 days";
        days_365: "1년 동안", "1 year";
        create: "활성화 링크 만들기", "Create an activation link";
        revoke: "회수", "Take back";
        link_title: "활성화 링크", "Activation link";
        link_once: "이 링크는 지금 한 번만 보입니다. 프로필을 쓸 사람에게 안전하게 전달하세요. 72시간 안에 한 번 열 수 있습니다.", "The link is shown once, now. Pass it safely to whoever will use the profile. It can be opened once within 72 hours.";
        link_value: "링크 주소", "The link";
        back: "앱으로 돌아가기", "Back to the app";
        activate_title: "프로필 받기", "Get the profile";
        activate_lead: "단추를 누르면 비밀값이 만들어지고 프로필 파일이 저장됩니다. 그 뒤에는 이 링크가 더 이상 열리지 않습니다.", "The button makes the secret and saves the profile. After that the link opens nothing any more.";
        app: "앱 이름", "App";
        company: "기업", "Company";
        save: "프로필 저장", "Save the profile";
        use_it: "사용 방법", "How to use it";
        keyed: "키로 인증하는 앱의 프로필에는 비밀값이 없습니다. 저장한 뒤 개인키 파일의 경로만 적어 주세요.", "The profile of an app with keys holds no secret. Save it and write the path of the private key into it.";
        keyed_save: "공유 프로필 저장", "Save the sharing profile";
        stale: "화면이 오래되었습니다. 다시 눌러 주세요.", "The page was too old. Press the button again.";
        full: "이 앱에는 자격증명을 더 만들 수 없습니다. 쓰지 않는 것을 먼저 폐기하세요.", "The app has as many credentials as it may. Revoke one that is not used first.";
        bad_label: "용도는 1자 이상 40자 이하로 적어 주세요.", "The label has 1 to 40 visible characters.";
        too_many: "열리지 않은 링크는 앱마다 열 개까지 둘 수 있습니다. 먼저 하나를 회수하세요.", "An app may have ten links that were not opened. Take one back first.";
    }
}
