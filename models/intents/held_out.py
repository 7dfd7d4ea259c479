"""The templates of the held-out sentences: other wordings, other slots, other openings. Nothing here is used in training.

Written apart from phrases.py, without looking for words that training knows; a test makes sure that no template is in both.
"""
from sentences import spoken

SLOTS = {
    "item": "hoodie|kettle|monitor|suitcase|pillow|router|helmet|guitar|sofa|scarf|earbuds|sandals|mouse|drill|curtains|puzzle",
    "number": "77120|X-905|#3318|20441|8-1123",
    "when": "on tuesday|a month ago|last friday|over a week ago|at christmas|on the 21st|a fortnight ago",
    "device": "galaxy|macbook|edge|chromebook|pixel|linux",
    "money": "$120|45 euros|€8.50|£200|thirty dollars",
    "mail": "message|mail|code",
    "place": "my work|italy|london|a locker|my sister|japan",
}
OPENINGS = "||||hi team, |good day, |hello there |dear sir or madam, |hey guys |sorry to bother you but |quick one: "
CLOSINGS = "||||. regards| - anyone?|. waiting for your reply|!!| thx|. have a nice day"

HELD_OUT = {
    "refund": """
        the <item> did not survive a week, what about my money
        my <item> does not fit me, how would i go about returning it
        the <item> is not what the picture showed so i would like to be refunded
        how many days do i have left to bring the <item> back
        i posted the <item> back to you <when> and you still owe me <money>
        could you reimburse the <money> i spent on the <item>
        can i swap my <item> for a smaller one
        the zip of the <item> was torn out of the box, please take it back
        i would prefer to get the money and not a replacement
        has my return been processed
        are sale items returnable
        where do i find the form for returns
    """,
    "delivery": """
        any news about my shipment <number>
        the <item> should have been here <when>, what is going on
        nobody rang the bell yet the website claims the parcel was handed over
        could you check where the driver is with my <item>
        we moved house, please send the <item> to <place>
        what are the shipping costs to <place>
        my neighbours got their parcel and mine is nowhere
        two of the three boxes turned up, the <item> is missing
        will it get here before the weekend
        your carrier lost my <item>
        the estimated arrival keeps moving back
        do you deliver abroad, to <place> for example
    """,
    "login": """
        my password is not working any more
        the site does not recognise my user name
        i never got the <mail> to confirm my account
        locked out of my account after too many attempts
        i cannot remember which password i used
        how do i set a new password on my <device>
        it asks for a code from an old phone that i do not have
        trying to sign in but it sends me back to the start
        i think another person has access to my account
        the recovery <mail> takes forever to come
        please unblock user <number>
        i want to use a different email to sign in
    """,
    "cancel": """
        i no longer wish to continue my membership
        please stop the order of the <item> before it leaves
        i need to end my contract by the end of the month
        the trial is over and i do not want to go on
        how can i get out of the yearly plan
        ordered the wrong <item>, can the order still be stopped
        remove me from the newsletter
        please erase my profile and everything you know about me
        do not renew my plan next year
        take back my order <number>, i found it elsewhere
        where is the cancel button for my plan
        i am done with this subscription
    """,
    "bug": """
        whenever i tap the picture the app closes by itself
        the checkout page shows a blank screen on my <device>
        your latest version made everything sluggish
        searching gives an error on <device>
        the website looks broken in <device>, half of the buttons are gone
        the photo upload gets stuck halfway
        i press save and nothing happens
        the video player has no sound since the update
        the map does not show anything
        your program froze three times today
        the page refreshes endlessly
        the dark mode makes the text unreadable, looks like a glitch
    """,
    "praise": """
        wow, that was quick, thank you
        the new version is a joy to use
        my kids adore the <item>
        hats off to your support team, they were wonderful
        could not be happier with the <item>
        really good quality, i will order again
        this is by far the best shop on the internet
        you guys rock
        thanks for sorting this out so fast
        lovely packaging and a very nice <item>
        i told all my friends about you because i am so pleased
        the <item> is even more beautiful than in the pictures, great
    """,
    "billing": """
        you took <money> from my account two times
        my bank statement has a debit from you which i cannot explain
        please mail me the receipt of <when>
        the checkout rejects my visa card
        i would like to use another card for my payments
        the voucher did not lower the total
        i transferred <money> <when> and still got a reminder
        is tax already part of the amount
        our company needs an invoice with the vat id on it
        what is this <money> charge
        could i pay in installments
        the amount on the invoice differs from what i paid
    """,
    "product": """
        does the <item> come in green
        will the <item> fit a person of 190 cm
        is the <item> ok for outdoor use in the rain
        what material is the <item> made from
        which <item> would you suggest for a beginner
        can i use the <item> together with my <device>
        do you plan to restock the <item>
        how do i put the <item> together
        how heavy is the <item> and what are its measurements
        is there a warranty on the <item> and for how long
        are the batteries of the <item> included
        what does the <item> cost at the moment
    """,
    "human": """
        i prefer to discuss this with a person
        stop sending automatic replies and get me an employee
        may i have a number to phone you
        could you ring me this afternoon
        get me your manager
        is there a human being reading this
        until what time can i call your office
        i need to talk to someone in charge
        nobody has answered my last four messages
        no more bots please
        how can i get in touch with your staff
        please pass this on to your supervisor
    """,
    "other": """
        what will the weather be at the weekend
        can you recommend a good film
        how old are you
        hello, are you well
        which team is going to win the cup
        do you have any vacancies
        write a birthday poem for my mother
        how many people live in <place>
        i would like to reserve a room in <place>
        we can bring your website to the first page of google
        what is seven times six
        my dog ate my homework
    """,
}

EACH, SEED, TYPOS = 36, 3, 0.25


def sentences():
    """[(text, label)]: three of each template."""
    return spoken(HELD_OUT, SLOTS, EACH, SEED, openings=OPENINGS, closings=CLOSINGS, typos=TYPOS)
