//! Passwords of members: argon2id, never checked on the threads that answer requests.

use crate::fault::Fault;
use crate::state::App;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use mudeung_core::clock::Entropy;
use mudeung_core::organization::{Organization, OrganizationKind};
use mudeung_core::secret::Secret;

/// The shortest password that can be set, in characters.
pub const PASSWORD_CHARACTERS_MIN: usize = 12;
/// The longest password that is looked at, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// A password that cannot be stored.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPassword {
    /// Too short or too long.
    #[error("a password has {PASSWORD_CHARACTERS_MIN} characters or more, and at most {PASSWORD_BYTES_MAX} bytes")]
    Length,
    /// The hash function refused.
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

/// A new password for a member: 120 unpredictable bits as 24 letters and digits that are not mistaken for one another.
pub fn generate(entropy: &dyn Entropy) -> Secret<String> {
    const ALPHABET: [char; 32] = [
        'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y',
        'z', '2', '3', '4', '5', '6', '7', '8', '9', '0',
    ];
    let mut bytes = [0_u8; 24];
    entropy.fill(&mut bytes);
    let letters = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32)));
    Secret::new(letters.collect())
}

/// The hash of a password, as it is stored with the member.
pub fn hash(password: &Secret<String>, entropy: &dyn Entropy) -> Result<String, InvalidPassword> {
    let text = password.expose();
    if text.chars().count() < PASSWORD_CHARACTERS_MIN || text.len() > PASSWORD_BYTES_MAX {
        return Err(InvalidPassword::Length);
    }
    let mut salt = [0_u8; 16];
    entropy.fill(&mut salt);
    let failed = |error: argon2::password_hash::Error| InvalidPassword::Hash(error.to_string());
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    Ok(argon().hash_password(text.as_bytes(), &salt).map_err(failed)?.to_string())
}

/// The hash of a password that somebody chose, made apart from the threads that answer requests.
pub(super) async fn hash_apart(app: &App, password: Secret<String>) -> Result<Result<String, InvalidPassword>, Fault> {
    let permit = app.portal.password_checks.acquire().await;
    let entropy = std::sync::Arc::clone(&app.entropy);
    let hashed = tokio::task::spawn_blocking(move || hash(&password, &*entropy)).await;
    drop(permit);
    hashed.map_err(|error| Fault::internal(format!("the password was not hashed: {error}")))
}

/// Whether members of an organization come in with a password: the hospital may leave that to its identity provider.
pub(super) fn opens(app: &App, organization: &Organization) -> bool {
    let only_sso = app.sso.as_ref().is_some_and(|sso| !sso.config().passwords);
    !only_sso || organization.kind != OrganizationKind::Hospital
}

/// Whether the password is the one of the hash. Without a hash it works as long and says no, so that the time of an
/// answer does not tell which accounts exist.
pub(super) async fn check(app: &App, password: Secret<String>, hash: Option<String>) -> Result<bool, Fault> {
    let permit = app.portal.password_checks.acquire().await;
    let checked = tokio::task::spawn_blocking(move || check_now(&password, hash.as_deref())).await;
    drop(permit);
    checked.map_err(|error| Fault::internal(format!("the password check ended: {error}")))
}

fn check_now(password: &Secret<String>, hash: Option<&str>) -> bool {
    let known = hash.is_some();
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    let text = password.expose().as_bytes();
    let looked_at = text.get(..PASSWORD_BYTES_MAX).unwrap_or(text);
    let right = argon().verify_password(looked_at, &parsed).is_ok();
    right && known && looked_at.len() == text.len()
}

/// A hash with our parameters that no password has: its bytes are not the output of any input we know.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bXVkZXVuZy1ub2JvZHktMQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// 19 MiB, two passes, one lane: the OWASP recommendation.
fn argon() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mudeung_core::clock::CountingEntropy;

    #[test]
    fn only_the_right_password_opens_and_nobody_has_none() {
        let stored = hash(&Secret::new("correct horse battery".to_owned()), &CountingEntropy::default()).unwrap();
        assert!(check_now(&Secret::new("correct horse battery".to_owned()), Some(&stored)));
        assert!(!check_now(&Secret::new("correct horse batterz".to_owned()), Some(&stored)));
        assert!(!check_now(&Secret::new("correct horse battery".to_owned()), None));
        assert!(PasswordHash::new(NOBODY).is_ok());
    }

    #[test]
    fn a_generated_password_can_be_stored() {
        let entropy = CountingEntropy::default();
        let password = generate(&entropy);
        assert_eq!(password.expose().chars().count(), 24);
        assert_ne!(password.expose(), generate(&entropy).expose());
        assert!(hash(&password, &entropy).is_ok());
    }

    #[test]
    fn a_short_password_is_not_stored() {
        let refused = hash(&Secret::new("short".to_owned()), &CountingEntropy::default());
        assert!(matches!(refused, Err(InvalidPassword::Length)));
    }
}
