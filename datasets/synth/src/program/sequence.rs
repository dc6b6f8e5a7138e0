//! Numbers that fill the unit interval more evenly than chance does: Sobol points, scrambled by the seed.
//!
//! The n-th person takes the n-th point, so shares and survival of a whole dataset stand closer to what they should be
//! than in a random sample of the same size, while each person is still drawn alone. Direction numbers are those of
//! Joe and Kuo (2008); the scramble is the hash of Owen's that Burley (JCGT 2020) gives.

/// What each coordinate of a point decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axis {
    /// Sex, and with it what else makes the group that the person is of.
    Who,
    /// What the person has: the stage of a cancer, or the level of blood pressure.
    Status,
    /// What comes of it.
    Event,
    /// Death by anything else.
    Background,
    /// Age.
    Age,
}

/// Degree, coefficients and first direction numbers of the primitive polynomials after the first coordinate.
const POLYNOMIALS: [(u32, u32, [u32; 3]); 4] =
    [(1, 0, [1, 0, 0]), (2, 1, [1, 3, 0]), (3, 1, [1, 3, 1]), (3, 2, [1, 1, 1])];
const BITS: usize = 32;
const TWO_TO_32: f64 = 4_294_967_296.0;

/// The points.
#[derive(Debug)]
pub(crate) struct Sequence {
    directions: [[u32; BITS]; 5],
}

impl Sequence {
    pub(crate) fn new() -> Self {
        let mut directions = [[0; BITS]; 5];
        for (axis, of_axis) in directions.iter_mut().enumerate() {
            *of_axis = match axis.checked_sub(1).and_then(|position| POLYNOMIALS.get(position)) {
                None => first_directions(),
                Some(polynomial) => directions_of(*polynomial),
            };
        }
        Self { directions }
    }

    /// A coordinate of a person's point, between zero and one and never either.
    pub(crate) fn at(&self, seed: u64, person: u64, axis: Axis) -> f64 {
        let (position, salt) = match axis {
            Axis::Who => (0, 0x9e37_79b9),
            Axis::Status => (1, 0x85eb_ca6b),
            Axis::Event => (2, 0xc2b2_ae35),
            Axis::Background => (3, 0x27d4_eb2f),
            Axis::Age => (4, 0x1656_67b1),
        };
        let index = low_half(person);
        let mut bits = 0;
        for (bit, direction) in self.directions.get(position).into_iter().flatten().enumerate() {
            if (index >> bit) & 1 == 1 {
                bits ^= direction;
            }
        }
        // Persons beyond 2^32 begin the sequence anew with another scramble.
        let key = mixed(seed ^ mixed((person >> 32) ^ (salt << 32)));
        (f64::from(scrambled(bits, low_half(key))) + 0.5) / TWO_TO_32
    }
}

fn low_half(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or(0)
}

fn first_directions() -> [u32; BITS] {
    std::array::from_fn(|bit| 1 << (31 - bit))
}

fn directions_of((degree, coefficients, first): (u32, u32, [u32; 3])) -> [u32; BITS] {
    let mut of_axis = [0_u32; BITS];
    let size = usize::try_from(degree).unwrap_or(1);
    for bit in 0..BITS {
        let before = |back: usize| bit.checked_sub(back).and_then(|at| of_axis.get(at)).copied().unwrap_or(0);
        let value = if bit < size {
            first.get(bit).copied().unwrap_or(1) << (31 - bit)
        } else {
            let mut value = before(size) ^ (before(size) >> degree);
            for back in 1..size {
                if (coefficients >> (size - 1 - back)) & 1 == 1 {
                    value ^= before(back);
                }
            }
            value
        };
        if let Some(slot) = of_axis.get_mut(bit) {
            *slot = value;
        }
    }
    of_axis
}

/// Owen's nested uniform scramble, by a hash in which each bit depends on the higher ones alone.
fn scrambled(bits: u32, key: u32) -> u32 {
    let mut x = bits.reverse_bits().wrapping_add(key);
    for factor in [0x6c50_b47c_u32, 0xb82f_1e52, 0xc7af_e638, 0x8d22_f6e6] {
        x ^= x.wrapping_mul(factor);
    }
    x.reverse_bits()
}

/// The finisher of SplitMix64.
fn mixed(number: u64) -> u64 {
    let x = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Axis, Sequence};

    const AXES: [Axis; 5] = [Axis::Who, Axis::Status, Axis::Event, Axis::Background, Axis::Age];

    #[test]
    fn every_run_of_a_power_of_two_puts_one_point_in_each_part() {
        let sequence = Sequence::new();
        for axis in AXES {
            for start in [0, 256, 5_120, 1 << 32] {
                let mut parts: Vec<u32> = (start..start + 256)
                    .map(|person| {
                        (0..256).rfind(|part| sequence.at(7, person, axis) * 256.0 >= f64::from(*part)).unwrap()
                    })
                    .collect();
                parts.sort_unstable();
                assert_eq!(parts, (0..256).collect::<Vec<u32>>(), "{axis:?} from {start}");
            }
        }
    }

    #[test]
    fn every_pair_of_coordinates_fills_the_square() {
        let sequence = Sequence::new();
        for (one, other) in AXES.iter().flat_map(|one| AXES.iter().map(move |other| (*one, *other))) {
            let inside = |low: (f64, f64)| {
                let point = |person| (sequence.at(3, person, one), sequence.at(3, person, other));
                let holds = |(x, y): (f64, f64)| x >= low.0 && x < low.0 + 0.25 && y >= low.1 && y < low.1 + 0.25;
                (0..4_096).filter(|person| holds(point(*person))).count()
            };
            if one != other {
                assert!((226..=286).contains(&inside((0.25, 0.5))), "{one:?} {other:?} {}", inside((0.25, 0.5)));
            }
        }
    }

    #[test]
    fn another_seed_gives_other_points() {
        let sequence = Sequence::new();
        let points = |seed| (0..64).map(|person| sequence.at(seed, person, Axis::Age).to_bits()).collect::<Vec<u64>>();
        assert_eq!(points(1), points(1));
        assert_ne!(points(1), points(2));
    }
}
