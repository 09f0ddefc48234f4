"""Transfer learning as everybody writes it first: the yardstick, not advice.

    python benchmarks/classic/train.py photos-split inceptionv3 --epochs 50

The folder has train, val and test, each with a folder for each class. Prints one line of JSON.
"""

import argparse
import itertools
import json
import os
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
from keras import layers
from tensorflow.keras.preprocessing.image import ImageDataGenerator

BATCH = 32

parser = argparse.ArgumentParser()
parser.add_argument("data")
parser.add_argument("backbone")
parser.add_argument("--weights", default="imagenet")
parser.add_argument("--epochs", type=int, default=50)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--save")
options = parser.parse_args()
keras.utils.set_random_seed(options.seed)

if options.backbone == "inceptionv3":
    size = 299
    base = keras.applications.InceptionV3(
        include_top=False,
        weights="imagenet" if options.weights == "imagenet" else None,
        input_shape=(299, 299, 3),
    )
else:
    size = 224
    base = keras.applications.MobileNetV2(
        include_top=False,
        weights="imagenet" if options.weights == "imagenet" else None,
        input_shape=(224, 224, 3),
        alpha=0.35 if options.backbone == "mobilenetv2-0.35" else 1.0,
    )
if options.weights not in ("imagenet", "none"):
    base.load_weights(options.weights)
for layer in base.layers[:-15]:
    layer.trainable = False

augmented = ImageDataGenerator(
    preprocessing_function=keras.applications.inception_v3.preprocess_input,  # -1 to 1
    rotation_range=20,
    width_shift_range=0.1,
    height_shift_range=0.1,
    shear_range=8,
    zoom_range=0.15,
    horizontal_flip=True,
    brightness_range=(0.8, 1.2),
)
plain = ImageDataGenerator(preprocessing_function=keras.applications.inception_v3.preprocess_input)


def flow(generator, side, shuffle):
    return generator.flow_from_directory(
        f"{options.data}/{side}",
        target_size=(size, size),
        batch_size=BATCH,
        class_mode="categorical",
        shuffle=shuffle,
        seed=options.seed,
    )


start = time.perf_counter()
train = flow(augmented, "train", True)
val = flow(plain, "val", False)
model = keras.Sequential(
    [
        base,
        layers.GlobalAveragePooling2D(),
        layers.Dense(512, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(train.num_classes, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(1e-4), loss="categorical_crossentropy", metrics=["accuracy"]
)
times = [time.perf_counter()]
clock = keras.callbacks.LambdaCallback(
    on_epoch_end=lambda epoch, logs: times.append(time.perf_counter())
)
model.fit(train, epochs=options.epochs, validation_data=val, callbacks=[clock], verbose=2)
seconds = time.perf_counter() - start
_, accuracy = model.evaluate(flow(plain, "test", False), verbose=0)
if options.save:
    model.save(options.save)
epochs = [after - before for before, after in itertools.pairwise(times)]
print(json.dumps({"seconds": seconds, "epochs": epochs, "test_accuracy": accuracy}))
