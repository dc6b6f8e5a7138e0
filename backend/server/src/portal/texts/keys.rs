//! What the portal says about keys and assertions.

use super::texts;

texts! {
    /// Keys of apps, and the dry run of assertions.
    KeysTexts {
        method: "인증 방식", "How it authenticates";
        method_secret: "비밀값 (client_secret)", "A secret (client_secret)";
        method_key: "키 쌍 (private_key_jwt) - 비밀이 앱 밖으로 나가지 않음", "A key pair (private_key_jwt): the private half never leaves the app";
        kid_and_algorithm: "kid와 알고리즘", "kid and algorithm";
        register: "공개 키 등록", "Register a public key";
        key: "공개 키 (PEM 또는 JWK)", "Public key (PEM or JWK)";
        key_hint: "개인 키는 붙여 넣지 마세요. 예: openssl pkey -in key.pem -pubout", "Never paste the private key. For instance: openssl pkey -in key.pem -pubout";
        algorithm: "알고리즘", "Algorithm";
        algorithm_usual: "키에 맞는 권장 알고리즘", "The recommended one for the key";
        algorithm_old: "호환용", "for compatibility";
        starts: "시작일 (비우면 지금)", "First day (now when empty)";
        days_730: "2년", "2 years";
        check: "assertion 점검", "Check an assertion";
        check_hint: "라이브러리가 만든 JWT를 붙여 넣으면 항목마다 통과 여부와 고칠 방법을 보여 줍니다. jti는 소모되지 않습니다.", "Paste the JWT that your library made: each check is shown with how to mend it. The jti is not used up.";
        check_grant: "delta-sharing의 jwt-bearer 그랜트용", "For the jwt-bearer grant of delta-sharing";
        result: "점검 결과", "The result";
        result_good: "지금 보내면 받아들여집니다.", "It would be accepted now.";
        result_bad: "지금 보내면 거절됩니다.", "It would be refused now.";
        item: "항목", "Check";
        passed: "통과", "passed";
        failed: "실패", "failed";
        how_to_mend: "고칠 방법", "How to mend it";
        bad_algorithm: "고른 알고리즘이 키와 맞지 않습니다.", "The algorithm does not go with the key.";
        bad_start: "시작일은 2026-01-31처럼 적어 주세요.", "Write the first day like 2026-01-31.";
        bad_kid: "JWK의 kid는 보이는 ASCII 글자 128자까지입니다.", "The kid of the JWK may have up to 128 visible ASCII characters.";
        name_taken: "같은 kid의 키가 이미 있습니다. 그 키를 폐기하거나 다른 kid를 쓰세요.", "The app has a key of that kid already. Revoke it or choose another kid.";
        key_unreadable: "공개 키를 읽을 수 없습니다. BEGIN PUBLIC KEY로 시작하는 PEM이나 JWK 하나를 붙여 넣으세요.", "The key cannot be read. Paste one PEM that starts with BEGIN PUBLIC KEY, or one JWK.";
        key_private: "개인 키입니다. 저장하지 않았습니다. 이 키는 버리고 새로 만든 다음 공개 키만 등록하세요.", "This is a private key. It was not stored. Discard it, make a new pair, and register the public half alone.";
        key_kind: "P-256, P-384, Ed25519, RSA 서명 키만 등록할 수 있습니다.", "Only signing keys on P-256, P-384 or Ed25519, or RSA, can be registered.";
        key_size: "RSA 키는 2048비트에서 4096비트 사이, 지수는 65537이어야 합니다.", "An RSA key has 2048 to 4096 bits and the exponent 65537.";
        key_weak: "곡선 위에 있지 않거나 약한 키입니다. 새로 만드세요.", "The key is weak or not on its curve. Make a new one.";
    }
}
