//! What a caller knows a task by.

/// Without `I`, `L`, `O` and `U`: no two characters look alike (Douglas Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// `task_` and 160 random bits.
pub fn generate() -> String {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random).expect("the system has randomness");
    let digits = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    "task_".chars().chain(digits).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_has_the_form_of_the_contract() {
        let (one, two) = (super::generate(), super::generate());
        assert_ne!(one, two);
        let digits = one.strip_prefix("task_").unwrap();
        assert_eq!(digits.len(), 32);
        assert!(digits.bytes().all(|digit| super::ALPHABET.contains(&digit)));
    }
}
