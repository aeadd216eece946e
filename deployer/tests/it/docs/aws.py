"""The part of the AWS command line that the pages use, on botocore, which checks names and values."""

import json
import sys

import botocore.session
import jmespath
from botocore import xform_name


def value(shape, words):
    if shape.type_name == "list":
        return [value(shape.member, [word]) for word in words]
    (word,) = words
    if word.startswith("file://"):
        with open(word.removeprefix("file://"), encoding="utf-8") as file:
            word = file.read()
    return json.loads(word) if shape.type_name in ("integer", "boolean", "structure") else word


def main(service, operation, *words):
    options = {}
    for word in words:
        if word.startswith("--"):
            options[word.removeprefix("--")] = taken = []
        else:
            taken.append(word)
    query, _ = options.pop("query", None), options.pop("output", None)
    client = botocore.session.get_session().create_client(service)
    method = operation.replace("-", "_")
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    names = {xform_name(name, "-"): name for name in model.input_shape.members}
    given = {names[name]: value(model.input_shape.members[names[name]], words) for name, words in options.items()}
    answer = getattr(client, method)(**given)
    answer.pop("ResponseMetadata", None)
    if query:
        found = jmespath.search(query[0], answer)
        print(*(found if isinstance(found, list) else [found]), sep="\t")
    elif answer:
        print(json.dumps(answer, indent=4, default=str))


main(*sys.argv[1:])
