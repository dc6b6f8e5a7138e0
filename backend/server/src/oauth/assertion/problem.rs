//! What can be wrong with an assertion, and how to mend it, in both languages.

use crate::call::Language;

/// What is looked at, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Three parts of base64url with JSON in them.
    Form,
    /// Members of the header that are not taken.
    Header,
    /// `typ`.
    Type,
    /// `alg` and `kid`.
    Key,
    /// The signature.
    Signature,
    /// `iss`.
    Issuer,
    /// `sub`.
    Subject,
    /// `aud`.
    Audience,
    /// `exp`.
    Expiry,
    /// `iat`.
    IssuedAt,
    /// `nbf`.
    NotBefore,
    /// `jti`.
    Identifier,
    /// Whether `jti` was used before.
    Replay,
}

impl Check {
    /// All of them.
    pub(crate) const ALL: [Self; 13] = [
        Self::Form,
        Self::Header,
        Self::Type,
        Self::Key,
        Self::Signature,
        Self::Issuer,
        Self::Subject,
        Self::Audience,
        Self::Expiry,
        Self::IssuedAt,
        Self::NotBefore,
        Self::Identifier,
        Self::Replay,
    ];

    /// Its name in the dry run.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Header => "header",
            Self::Type => "typ",
            Self::Key => "alg_and_kid",
            Self::Signature => "signature",
            Self::Issuer => "iss",
            Self::Subject => "sub",
            Self::Audience => "aud",
            Self::Expiry => "exp",
            Self::IssuedAt => "iat",
            Self::NotBefore => "nbf",
            Self::Identifier => "jti",
            Self::Replay => "jti_unused",
        }
    }
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident: $ko:literal, $en:literal;)*) => {
        /// What is wrong with an assertion.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Problem { $($(#[$doc])* $name),* }

        impl Problem {
            /// What is wrong and how to mend it, for people. The English one is ASCII, as RFC 6749 wants.
            pub(crate) const fn text(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::Ko) => $ko, (Self::$name, Language::En) => $en,)*
                }
            }

            #[cfg(test)]
            pub(super) const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

problems! {
    /// Cannot be taken apart.
    Malformed: "base64url 세 부분으로 된 JWT가 아니거나, JSON에 같은 이름이 두 번 있거나, 8 KiB보다 깁니다. 라이브러리가 만든 값을 그대로 보내세요.", "Not a JWT of three base64url parts, or its JSON names something twice, or it is longer than 8 KiB. Send what the library made, unchanged.";
    /// The header names a key or rules.
    HeaderChoosesKey: "헤더에 jku, x5u, jwk, x5c, crit 등이 있습니다. 키는 등록된 것만 쓰므로 헤더에서 지우고 kid만 남기세요.", "The header has jku, x5u, jwk, x5c, crit or the like. Only registered keys count: remove it and keep kid.";
    /// Another kind of token.
    TypeWrong: "typ는 없거나 JWT 또는 client-authentication+jwt여야 합니다. 액세스 토큰은 쓸 수 없습니다.", "typ must be absent, JWT or client-authentication+jwt. An access token proves nothing here.";
    /// No algorithm that is taken.
    AlgorithmUnknown: "alg는 ES256, Ed25519, PS256, ES384, RS256, RS384 가운데 등록된 키의 것이어야 합니다.", "alg must be that of the registered key: ES256, Ed25519, PS256, ES384, RS256 or RS384.";
    /// Another algorithm than the key's.
    AlgorithmNotOfKey: "alg가 등록된 키의 알고리즘과 다릅니다. 앱 화면에 적힌 알고리즘으로 서명하세요.", "alg is not the algorithm that the key is registered with. Sign with the one that the app's page shows.";
    /// No such key.
    KeyUnknown: "이 앱에 지금 유효한 키 가운데 그런 kid가 없습니다. 앱 화면에서 kid와 시작·만료를 확인하세요.", "None of the app's live keys has that kid. Compare kid, start and expiry on the app's page.";
    /// Several keys fit.
    KeyNotNamed: "맞는 키가 여럿입니다. 헤더에 kid를 넣으세요.", "Several keys fit. Put kid into the header.";
    /// The signature is not right.
    SignatureWrong: "서명이 등록된 공개 키와 맞지 않습니다. 그 키의 짝인 개인 키로 서명했는지 확인하세요.", "The signature does not fit the registered public key. Sign with its private half.";
    /// Nobody has proved to be the client, so its keys are not spoken of.
    NotProved: "이 앱에 등록되어 지금 유효한 키의 서명이 아닙니다. kid, alg, 개인 키, 앱의 상태를 확인하세요. 앱 화면의 점검 양식은 더 자세히 알려 줍니다.", "Not signed with a live key of that client. Compare kid, alg, private key and the state of the app; the form on the app's page says more.";
    /// `iss` is not the client.
    IssuerWrong: "iss는 client_id와 같은 문자열이어야 합니다.", "iss must be the client_id, as a string.";
    /// `sub` is not the client.
    SubjectWrong: "sub는 client_id와 같은 문자열이어야 합니다.", "sub must be the client_id, as a string.";
    /// `aud` is a list.
    AudienceArray: "aud는 배열이 아니라 issuer 문자열 하나여야 합니다.", "aud must be one string, the issuer, not an array.";
    /// `aud` is the token endpoint.
    AudienceTokenEndpoint: "aud가 토큰 엔드포인트입니다. issuer를 쓰거나, 앱에 호환 설정을 요청하세요.", "aud is the token endpoint. Use the issuer, or ask for the compatibility setting of the app.";
    /// `aud` is something else.
    AudienceWrong: "aud는 이 서버의 issuer와 글자 하나까지 같은 문자열이어야 합니다. /.well-known/oauth-authorization-server에서 확인하세요.", "aud must be exactly the issuer of this server; see /.well-known/oauth-authorization-server.";
    /// There is no `exp`.
    ExpiryMissing: "exp가 없습니다. 지금부터 60초 뒤 정도로 넣으세요.", "exp is missing. Set it to about 60 seconds from now.";
    /// `exp` is not a date.
    ExpiryUnreadable: "exp는 1970년부터 센 초를 나타내는 숫자여야 합니다.", "exp must be a number: seconds since 1970.";
    /// Over.
    Expired: "exp가 지났습니다. 요청할 때마다 새로 만들고, 컴퓨터의 시계를 확인하세요.", "exp has passed. Make a new assertion for each request, and check the clock.";
    /// Lives too long.
    ExpiryTooFar: "exp가 너무 멉니다. 이 서버가 받는 가장 긴 수명보다 짧게 하세요.", "exp lies too far ahead. Let the assertion live shorter than this server's limit.";
    /// Issued in the future.
    IssuedInFuture: "iat가 미래이거나 숫자가 아닙니다. 컴퓨터의 시계를 확인하세요(60초까지 봐줍니다).", "iat lies in the future or is no number. Check the clock; 60 seconds are forgiven.";
    /// Not valid yet.
    NotYetValid: "nbf가 미래이거나 숫자가 아닙니다. 컴퓨터의 시계를 확인하세요(60초까지 봐줍니다).", "nbf lies in the future or is no number. Check the clock; 60 seconds are forgiven.";
    /// No usable `jti`.
    JtiUnusable: "jti는 1자 이상 256자 이하의 문자열이어야 합니다. 요청마다 새 UUID를 쓰세요.", "jti must be a string of 1 to 256 characters. Use a fresh UUID for each request.";
    /// Used before.
    Replayed: "이미 사용된 jti입니다. Authlib을 쓴다면 요청마다 새 claims dict를 넘기세요.", "jti already used - with Authlib pass a fresh claims dict for each request.";
}
