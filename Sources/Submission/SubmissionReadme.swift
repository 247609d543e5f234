/// The README of a submission's folder.
enum SubmissionReadme {
    static func text(_ manifest: SubmissionManifest) -> String {
        let model = manifest.model.path.map { "It lies in `\($0)`." }
            ?? """
            It is not included and expected at `\(manifest.model.reference)`; where it lies elsewhere, `export RETORT_MODEL=…`
            names its GGUF file, its Hugging Face folder or its repository id in the local cache.
            """
        return """
            # Submission

            Two agents made with Retort \(manifest.version): one asks four-choice questions, one answers them.

                python -m agents.question_agent --output_file outputs/questions.json --num_questions 20 --verbose
                python -m agents.answer_agent --input_file outputs/filtered_questions.json --output_file outputs/answers.json --verbose

            Run them in this folder. They need Python 3.10 or newer, PyTorch 2.10 or newer in that Python (its libraries are used, it is not
            imported) or in `RETORT_TORCH` (a `torch/lib` folder), and the base model, a \(manifest.model.family) model.
            \(model)

            | file | what it is |
            |---|---|
            | `agents/` | the command lines; `QAgent` and `AAgent` with `generate_response` |
            | `\(manifest.binary.path)` | the program that runs the model; the Python files start it and keep it warm |
            | `\(SubmissionLayout.adapter)/` | the LoRA adapter, in PEFT's format\(manifest.adapter == nil ? " (this submission has none)" : "") |
            | `\(manifest.question.settings)`, `\(manifest.answer.settings)` | how the agents generate |
            | `\(SubmissionLayout.topics)` | what is asked about |
            | `\(manifest.pool)` | checked questions, for when the model gives none |
            | `\(SubmissionLayout.manifest)` | versions, hashes, how the parts belong together |

            Each question has \(number(manifest.question.deadline)) s, each answer \(number(manifest.answer.deadline)) s. If the program dies it is
            started again and what is open is asked again; where that does not help, a checked question or a guess is given, and
            standard error says so.

            """
    }

    private static func number(_ value: Double) -> String { value == value.rounded() ? "\(Int(value))" : "\(value)" }
}
