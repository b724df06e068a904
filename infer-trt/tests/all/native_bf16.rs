//! The native engine in `bf16`, where the processor has the instruction, and the refusal where not.

use crate::common::{Act, Folder, Net, error, ranges};
use infer_trt::{InferError, Provider, Session, SessionOptions, open, probe};

fn bf16(folder: &Folder, net: &Net, threads: usize) -> Result<Box<dyn Session>, InferError> {
    let options = SessionOptions::default().with_threads(threads);
    open(folder.model(&net.model()), &Provider::NativeBf16, &options)
}

#[test]
fn a_session_computes_to_two_digits_or_says_what_the_processor_lacks() {
    let folder = Folder::new();
    let net = Net::random(3, 3, &[(Act::Silu, 33), (Act::Silu, 17), (Act::Silu, 32)], 2);
    let mut session = match bf16(&folder, &net, 1) {
        Ok(session) => session,
        Err(error) => {
            let InferError::Unavailable { provider, reason, remedy } = &error else { panic!("{error}") };
            assert_eq!(provider, &Provider::NativeBf16);
            assert!(reason.contains("bf16") && remedy.contains("`native`"), "{error}");
            assert!(!probe::bf16().status.is_present());
            eprintln!("the session was not tested: {error}");
            return;
        }
    };
    assert!(probe::bf16().status.is_present());
    assert_eq!(session.provider(), &Provider::NativeBf16);
    let x = net.inputs(5, 10_007);
    let mut y = vec![f32::NAN; 2 * 10_007];
    session.run(&x, &mut y).unwrap();
    let exact: Vec<f64> = x.chunks(3).flat_map(|x| net.eval(x)).collect();
    let error = error(&y, &exact, &ranges(&exact, 2));
    // Rounded, and not by more than it should be.
    assert!(error > 1e-5 && error < 1e-2, "{error:e}");
    for threads in [2, 3] {
        let mut other = vec![f32::NAN; 2 * 10_007];
        bf16(&folder, &net, threads).unwrap().run(&x, &mut other).unwrap();
        assert_eq!(other, y, "{threads} threads");
    }
    let error = bf16(&folder, &Net::random(3, 3, &[(Act::Silu, 64)], 2), 1).err().unwrap();
    assert!(matches!(error, InferError::Refused { .. }) && error.to_string().contains("`native`"), "{error}");
}

#[test]
fn other_precisions_of_the_native_engine_are_no_providers() {
    assert_eq!("native-bf16".parse::<Provider>().unwrap(), Provider::NativeBf16);
    let error = "native-f16".parse::<Provider>().unwrap_err();
    assert!(matches!(&error, InferError::UnknownProvider { name } if name == "native-f16"), "{error}");
    assert!(error.to_string().contains("native-bf16"), "{error}");
}
