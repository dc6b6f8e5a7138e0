//! What is said of passkeys.

use super::texts;

texts! {
    /// Passkeys.
    PasskeyTexts {
        title: "패스키", "Passkeys";
        lead: "패스키는 기기에 든 열쇠입니다. 지문, 얼굴, PIN으로 기기를 열어 로그인하고 본인임을 확인합니다. 가짜 사이트에서는 작동하지 않고, 비밀번호와 코드를 대신합니다.", "A passkey is a key in your device: you unlock the device by finger, face or PIN, to sign in and to prove that it is you. It does nothing on a false site, and stands for password and code.";
        empty: "아직 패스키가 없습니다.", "You have no passkeys yet.";
        spare: "하나만 있으면 기기를 잃었을 때 중요한 작업을 할 수 없습니다. 다른 기기에 하나 더 만들거나 인증 앱을 등록해 두세요.", "With only one, a lost device shuts you out of grave actions. Add another on another device, or an authenticator app.";
        off: "이 서버의 주소가 이름이 아닌 숫자라서 패스키를 쓸 수 없습니다. 운영자가 public_url을 이름이 있는 주소로 정하면 쓸 수 있습니다.", "Passkeys need a server with a name, and this one is reached by a number. They work once the operator sets public_url to an address with a name.";
        add: "패스키 추가", "Add a passkey";
        add_lead: "이름을 적고 계속하면 브라우저가 어느 기기에 만들지 묻습니다.", "Name it and go on: your browser asks on which device to make it.";
        name: "이름", "Name";
        name_hint: "나중에 구별할 수 있게. 예: 업무용 노트북 (40자까지)", "To tell it apart later, for instance: work laptop (up to 40 characters)";
        make: "패스키 만들기", "Make the passkey";
        rename: "이름 바꾸기", "Rename";
        new_name: "새 이름", "New name";
        manage: "관리", "Manage";
        remove: "제거", "Remove";
        made: "만든 때", "Made";
        used: "최근 사용", "Last used";
        never: "아직 쓰지 않음", "Not used yet";
        kept: "보관", "Kept";
        backed_up: "백업됨 (내 다른 기기와 공유)", "Backed up (shared by your devices)";
        may_be_backed_up: "백업 가능, 아직 안 됨", "May be backed up, is not yet";
        bound: "이 기기에만 있음", "On one device alone";
        back: "계정 보안으로 돌아가기", "Back to account security";
        sign_in: "패스키로 로그인", "Sign in with a passkey";
        prove: "패스키로 확인", "Prove it with a passkey";
        needs_script: "패스키를 쓰려면 이 사이트의 자바스크립트를 켜야 합니다. 켜지 않았다면 다른 방법을 쓰세요.", "Passkeys need JavaScript on this site. Without it, use another way.";
        unsupported: "이 브라우저는 패스키를 지원하지 않습니다. 다른 방법을 쓰세요.", "This browser has no passkeys. Use another way.";
        waiting: "브라우저의 안내를 따르세요.", "Follow your browser.";
        cancelled: "취소되었거나 시간이 지났습니다. 다시 시도하거나 다른 방법을 쓰세요.", "It was cancelled, or took too long. Try again, or use another way.";
        failed: "기기에서 오류가 났습니다. 다시 시도하거나 다른 방법을 쓰세요.", "Your device failed. Try again, or use another way.";
        stale: "화면이 오래되었거나 이미 쓴 화면입니다. 다시 시도하세요.", "The page was too old, or was used already. Try again.";
        braked: "실패한 시도가 많습니다. 잠시 후 다시 시도하세요.", "Too many failed attempts. Try again a little later.";
        refused: "이 패스키로는 들어올 수 없습니다. 제거된 것일 수 있습니다. 다른 방법을 쓰고, 계속되면 운영자에게 알리세요.", "This passkey opens nothing here; it may have been removed. Use another way, and tell the operator if it lasts.";
        unverified: "기기가 본인을 확인하지 않았습니다. 기기에 PIN이나 지문을 등록하고 다시 시도하세요.", "Your device did not verify you. Set a PIN or a finger on it, and try again.";
        copied: "이 패스키는 복제된 것일 수 있어 받지 않았습니다. 다른 방법으로 로그인해 이 패스키를 제거하고 운영자에게 알리세요.", "This passkey was refused, because it may have been copied. Sign in otherwise, remove it, and tell the operator.";
        unfit: "이 기기의 패스키는 여기서 쓸 수 없는 종류입니다. 다른 기기에 만들어 주세요.", "This device makes passkeys of a kind that cannot be used here. Make one on another.";
        not_made: "패스키를 확인할 수 없어 추가하지 않았습니다. 다시 시도하세요.", "The passkey could not be verified, so it was not added. Try again.";
        known: "이 기기에는 이미 패스키가 있습니다.", "This device has a passkey for you already.";
        full: "패스키는 열 개까지 둘 수 있습니다. 먼저 하나를 제거하세요.", "You may have ten passkeys. Remove one first.";
        bad_name: "이름은 1자 이상 40자 이하로, 보이는 글자만 쓸 수 있습니다.", "A name has 1 to 40 characters, all of them visible.";
    }
}
