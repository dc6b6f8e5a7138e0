//! What stands on the page of registration tokens.

use super::texts;

texts! {
    /// Tokens with which programs register apps.
    RegistrationTexts {
        title: "등록 토큰", "Registration tokens";
        lead: "프로그램이 이 기업의 앱을 스스로 등록할 때 쓰는 토큰입니다(RFC 7591). 등록된 앱은 앱 목록에 나타납니다.", "With such a token a program registers apps of this company by itself (RFC 7591). They appear among the apps.";
        empty: "쓸 수 있는 등록 토큰이 없습니다.", "There are no registration tokens.";
        label: "용도", "Label";
        uses: "남은 횟수", "Uses left";
        expires: "만료", "Expires";
        create: "등록 토큰 만들기", "Create a registration token";
        how_often: "등록할 수 있는 앱 수 (1~20)", "Apps it may register (1 to 20)";
        lifetime: "유효 기간", "Lifetime";
        day_1: "하루", "1 day";
        days_7: "7일", "7 days";
        days_30: "30일", "30 days";
        fresh: "이 값은 지금 한 번만 보입니다. 안전한 곳에 옮겨 두세요.", "It is shown once, now. Store it safely.";
        value: "등록 토큰 값", "The token";
        try_it: "앱 등록하기", "Register an app";
        revoke: "폐기", "Revoke";
        bad_form: "용도는 1자 이상 40자 이하, 횟수는 1에서 20까지입니다.", "The label has 1 to 40 visible characters, and the number is from 1 to 20.";
        too_many: "등록 토큰은 열 개까지 만들 수 있습니다. 먼저 하나를 폐기하세요.", "A company may have ten registration tokens. Revoke one first.";
    }
}
